/**
 * What people say by annotation, for a while: each ends by itself, so that none is forgotten in force. Pure.
 *
 * | annotation (voucher-operator.io/…) | value | while it is in force |
 * |---|---|---|
 * | paused       | `<time>`                                  | no replica is written, in either direction |
 * | hold-until   | `<time>`                                  | nothing goes down |
 * | min-override | `intake=20,records=4 until <time>`        | these are the least; never above max or the ceiling |
 *
 * Times are as in the spec (contract/instant.ts). A value that can't be read is in force in no way, and is told.
 */
import type { VoucherCampaign } from '../../contract/campaign-types.ts';
import { parseInstant } from '../../contract/instant.ts';
import { OVERRIDES } from '../../contract/names.ts';
import { type Overrides, SCALED_TIERS, type ScaledTier } from '../tick/observed.ts';

const NONE: Overrides = { min: {}, inForce: [], unreadable: [] };
const MOST_REPLICAS = 100_000;

const isScaledTier = (word: string): word is ScaledTier => SCALED_TIERS.some((tier) => tier === word);

/** `intake=20,records=4 until 2026-11-23T12:00:00Z`; undefined for what is not of that form. */
const minOf = (text: string): { readonly min: Overrides['min']; readonly untilMs: number } | undefined => {
  const [, list = '', time = ''] = /^\s*(\S+)\s+until\s+(\S+)\s*$/.exec(text) ?? [];
  const untilMs = parseInstant(time);
  const min: Partial<Record<ScaledTier, number>> = {};
  for (const entry of list.split(',')) {
    const [, tier = '', digits = ''] = /^([a-z]+)=(\d{1,6})$/.exec(entry) ?? [];
    const replicas = Number(digits);
    if (!isScaledTier(tier) || replicas < 1 || replicas > MOST_REPLICAS) return undefined;
    min[tier] = replicas;
  }
  return untilMs === undefined ? undefined : { min, untilMs };
};

const until = (ms: number): string => `until ${new Date(ms).toISOString()}`;
const A_TIME = 'a time such as 2026-11-23T12:00:00Z';

export const overridesOf = ({ metadata: { annotations = {} } }: VoucherCampaign, nowMs: number): Overrides => {
  let overrides = NONE;
  const read = <T>(name: string, parse: (text: string) => T | undefined, form: string, take: (value: T) => void) => {
    const text = annotations[name];
    if (text === undefined) return;
    const value = parse(text);
    if (value !== undefined) return take(value);
    const unreadable = `The annotation ${name} is not in force: write ${form}.`;
    overrides = { ...overrides, unreadable: [...overrides.unreadable, unreadable] };
  };
  const enforce = (more: Partial<Overrides>, untilMs: number, what: string): void => {
    if (nowMs >= untilMs) return;
    overrides = { ...overrides, ...more, inForce: [...overrides.inForce, `${what} ${until(untilMs)}`] };
  };
  read(OVERRIDES.paused, parseInstant, A_TIME, (ms) => enforce({ pausedUntilMs: ms }, ms, 'No replica is written'));
  read(OVERRIDES.holdUntil, parseInstant, A_TIME, (ms) =>
    enforce({ holdOverrideUntilMs: ms }, ms, 'Nothing goes down'),
  );
  read(
    OVERRIDES.minOverride,
    minOf,
    'for example intake=20,records=4 until 2026-11-23T12:00:00Z',
    ({ min, untilMs }) => {
      const least = SCALED_TIERS.flatMap((tier) => (min[tier] === undefined ? [] : [`${min[tier]} ${tier}`]));
      enforce({ min }, untilMs, `At least ${least.join(' and ')} replicas run, within max and ceiling,`);
    },
  );
  return overrides;
};
