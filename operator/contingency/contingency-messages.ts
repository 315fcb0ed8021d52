/** Messages about contingency levels: the condition, and an event for each level that began or ended. Pure. */
import type { VoucherCampaignStatus } from '../../contract/types/campaign.ts';
import type { ContingencyStatus } from '../../contract/types/contingency.ts';
import { type ConditionInput, no, type Verdict, yes } from '../conditions/verdict.ts';
import { campaignEvent } from '../tick/events.ts';
import type { CampaignEvent } from '../tick/ports.ts';

/** `narrow-door by command of li.wei (the database is slow) until 2027-03-01T12:00:00.000Z`. */
const levelText = ({ name, by, who, reason, until }: ContingencyStatus): string => {
  const source = by === 'Trigger' ? 'by its trigger' : `by command${who === undefined ? '' : ` of ${who}`}`;
  const end = until === undefined ? '' : ` until ${until}`;
  return `${name} ${source} (${reason})${end}`;
};

/**
 * | levels        | commands             | status | reason            |
 * |---------------|----------------------|--------|-------------------|
 * | one in force  | any                  | True   | LevelInForce      |
 * | none in force | one can't be read    | False  | CommandUnreadable |
 * | none in force | none, or all readable | False | NoLevelInForce    |
 */
export const contingencyCondition = ({ contingency }: ConditionInput): Verdict<'Contingency'> => {
  const { inForce, unreadable, tooLate, closesAtMs } = contingency;
  const extended =
    closesAtMs === undefined ? [] : [`Closes at ${new Date(closesAtMs).toISOString()}, as announced to citizens.`];
  if (inForce.length > 0) {
    const late = tooLate.map((name) => `${name} was started after closing, so it does not extend it.`);
    const levels = `In force: ${inForce.map(({ status }) => levelText(status)).join('; ')}.`;
    return yes('LevelInForce', [levels, ...extended, ...late, ...unreadable].join(' '));
  }
  if (unreadable.length > 0) return no('CommandUnreadable', unreadable.join(' '));
  return no('NoLevelInForce', ['No level is in force.', ...extended].join(' '));
};

/** Identifies one period in force; another end or another person is news as well. */
const newsOf = ({ name, since, by, who, until }: ContingencyStatus): string =>
  JSON.stringify([name, since, by, who, until]);

export const contingencyEvents = (
  previous: VoucherCampaignStatus | undefined,
  next: VoucherCampaignStatus,
): readonly CampaignEvent[] => {
  const before = previous?.contingency ?? [];
  const now = next.contingency ?? [];
  const known = new Set(before.map(newsOf));
  const started = now
    .filter((level) => !known.has(newsOf(level)))
    .map((level) => campaignEvent('Warning', 'ContingencyStarted', `In force: ${levelText(level)}.`));
  const ended = before
    .filter(({ name }) => !now.some((level) => level.name === name))
    .map(({ name, since }) =>
      campaignEvent('Normal', 'ContingencyEnded', `${name} has ended; it had been in force since ${since}.`),
    );
  const extended =
    next.closesAt === undefined || next.closesAt === previous?.closesAt
      ? []
      : [campaignEvent('Warning', 'ClosingExtended', `Registration now closes at ${next.closesAt}.`)];
  return [...started, ...ended, ...extended];
};
