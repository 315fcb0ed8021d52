/** Channels that are halted: by a person's command, or because a stock or the books differ. Pure. */
import type { Channel } from '../../contract/envelope.ts';
import type { VoucherCampaign } from '../../contract/types/campaign.ts';
import { NO_BOOKS, stoppedByBooks } from '../books/balance.ts';
import { HALT_REASONS, type HaltReason, haltIn } from '../outside/halt.ts';
import type { Observed } from '../tick/observed.ts';
import { issuanceCommandsOf } from './commands.ts';
import { issuanceStartedAt, stockComparison } from './issuance-request.ts';

export interface Halt {
  readonly reason: HaltReason;
  /** For people. */
  readonly text: string;
  /** Of a command: who gave it. */
  readonly by?: string;
}

type Seen = Pick<Observed, 'draw' | 'issuance' | 'outside' | 'books' | 'previous'>;

/** From the stored shares; from the status while these are not known. */
const haltBefore = (name: Channel, { outside, previous }: Seen): HaltReason | undefined => {
  const inForce = outside?.known('issuance').inForce;
  if (inForce !== undefined) return haltIn(inForce.value.targets[name]?.stopped);
  const state = previous?.issuance?.channels?.find(({ channel }) => channel === name)?.state;
  return HALT_REASONS.find((reason) => reason === state);
};

/**
 * Rows are tried from the top. Before the start only a person halts a channel: no vouchers are issued then anyway. Only a newer number ends a
 * halt. While there is none, the channel stays halted for the same reason, also under a new leader.
 *
 * | situation                                                | halt           |
 * |----------------------------------------------------------|----------------|
 * | a person has stopped it                                  | command        |
 * | issuance has not started                                 | none           |
 * | its stock differs from spec.vouchers                     | SettingsDiffer |
 * | it was halted for that, and the stock is not known now   | SettingsDiffer |
 * | its books differ from ours (operator/books/balance.ts)   | BooksDiffer    |
 * | it was halted for that, and was not compared since       | BooksDiffer    |
 * | otherwise                                                | none           |
 */
export const haltsOf = (campaign: VoucherCampaign, observed: Seen, nowMs: number): ReadonlyMap<Channel, Halt> => {
  const halts = new Map<Channel, Halt>();
  const { spec } = campaign;
  if (spec.issuance === undefined) return halts;
  const { stops } = issuanceCommandsOf(campaign);
  const isStarted = issuanceStartedAt(observed) !== undefined;
  const { differences, unknown } = stockComparison(spec, observed, nowMs);
  const books = observed.books ?? NO_BOOKS;
  const differing = stoppedByBooks(books);
  const isCompared = (name: Channel): boolean => Object.values(books.checks).some(({ channel }) => channel === name);
  for (const { name } of spec.issuance.channels) {
    const stop = stops.get(name);
    const before = haltBefore(name, observed);
    const texts = differences.filter(({ channel }) => channel === name).map(({ text }) => text);
    if (stop !== undefined) {
      const { by, reason } = stop;
      halts.set(name, { reason: 'command', text: reason, ...(by === undefined ? {} : { by }) });
    } else if (!isStarted) {
    } else if (texts.length > 0) {
      halts.set(name, { reason: 'SettingsDiffer', text: texts.join(' ') });
    } else if (unknown.includes(name) && before === 'SettingsDiffer') {
      halts.set(name, {
        reason: 'SettingsDiffer',
        text: `${name}: a stock differed from spec.vouchers, and no pod has read it within two minutes.`,
      });
    } else if (differing.includes(name) || (before === 'BooksDiffer' && !isCompared(name))) {
      halts.set(name, { reason: 'BooksDiffer', text: `${name}: see the condition BooksBalanced.` });
    }
  }
  return halts;
};
