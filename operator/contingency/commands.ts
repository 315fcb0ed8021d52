/**
 * Commands of people about contingency levels, by one annotation a level. Pure.
 *
 * | contingency.voucher-operator.io/<level> | meaning |
 * |---|---|
 * | `on until <time>: <reason>`    | in force until then |
 * | `on until stopped: <reason>`   | in force until it is stopped |
 * | `off at <time>: <reason>`      | ended, by command or trigger, if it began before then |
 *
 * `by <user>` may follow on and off; a policy of the chart ensures that it is the writer's own name. The reason is
 * optional. Times are as in the spec (contract/instant.ts). An unreadable value is no command, and is reported.
 */

import { INSTANT_SOURCE, parseInstant } from '../../contract/instant.ts';
import { CONTINGENCY_PREFIX, contingencyAnnotation } from '../../contract/names.ts';
import type { VoucherCampaign } from '../../contract/types/campaign.ts';
import { truncated } from '../tick/truncated.ts';

export interface Said {
  /** The user name of the API server; absent where the command has none. */
  readonly who?: string;
  readonly reason?: string;
}
export type Command =
  | (Said & { readonly kind: 'on'; readonly untilMs?: number })
  | (Said & { readonly kind: 'off'; readonly atMs: number });

export interface Commands {
  readonly byLevel: ReadonlyMap<string, Command>;
  /** Annotations that can't be read, each with its remedy. */
  readonly unreadable: readonly string[];
}

/** The status' bounds. */
const MAX_WHO = 253;
const MAX_REASON = 400;
const ON = new RegExp(`^on(?: by (.+?))? until (stopped|${INSTANT_SOURCE})(?:: ?(.*))?$`, 's');
const OFF = new RegExp(`^off(?: by (.+?))? at (${INSTANT_SOURCE})(?:: ?(.*))?$`, 's');

const saidOf = (who: string | undefined, reason: string | undefined): Said => ({
  ...(who === undefined ? {} : { who: truncated(who, MAX_WHO) }),
  ...(reason === undefined || reason === '' ? {} : { reason: truncated(reason, MAX_REASON) }),
});

export const parseCommand = (text: string): Command | undefined => {
  const [, onBy, until, onReason] = ON.exec(text) ?? [];
  if (until === 'stopped') return { kind: 'on', ...saidOf(onBy, onReason) };
  if (until !== undefined) {
    const untilMs = parseInstant(until);
    return untilMs === undefined ? undefined : { kind: 'on', untilMs, ...saidOf(onBy, onReason) };
  }
  const [, offBy, at = '', offReason] = OFF.exec(text) ?? [];
  const atMs = parseInstant(at);
  return atMs === undefined ? undefined : { kind: 'off', atMs, ...saidOf(offBy, offReason) };
};

export const startText = (until: string, { who, reason }: Said): string =>
  `on${who === undefined ? '' : ` by ${who}`} until ${until}${reason === undefined ? '' : `: ${reason}`}`;

export const stopText = (at: string, { who, reason }: Said): string =>
  `off${who === undefined ? '' : ` by ${who}`} at ${at}${reason === undefined ? '' : `: ${reason}`}`;

const FORM =
  'write for example "on until 2027-03-01T12:00:00+08:00: the database is slow", "on until stopped" or "off at 2027-03-01T12:00:00+08:00"';

export const commandsOf = ({ metadata: { annotations = {} }, spec }: VoucherCampaign): Commands => {
  const levels = (spec.contingency?.levels ?? []).map(({ name }) => name);
  const byLevel = new Map<string, Command>();
  const unreadable: string[] = [];
  for (const [key, text] of Object.entries(annotations)) {
    if (!key.startsWith(CONTINGENCY_PREFIX)) continue;
    const level = key.slice(CONTINGENCY_PREFIX.length);
    const command = parseCommand(text);
    if (!levels.includes(level)) {
      const there = levels.length === 0 ? 'it states none' : `the levels are ${levels.join(', ')}`;
      unreadable.push(`The annotation ${key} names no level of spec.contingency.levels: remove it; ${there}.`);
    } else if (command === undefined) {
      unreadable.push(`The annotation ${contingencyAnnotation(level)} can't be read: ${FORM}.`);
    } else {
      byLevel.set(level, command);
    }
  }
  return { byLevel, unreadable };
};
