/**
 * Overrides by annotation. Each has an end, so that none is forgotten in force. Pure.
 *
 * | annotation (voucher-operator.io/…) | value | while it is in force |
 * |---|---|---|
 * | paused       | `<time>`                                  | no replicas are written, in either direction |
 * | hold-until   | `<time>`                                  | no tier is scaled down |
 * | min-override | `intake=20,records=4 until <time>`        | at least so many; never above max or the ceiling |
 *
 * Times are as in the spec (contract/instant.ts). An unreadable value has no effect, and is reported.
 */

import { parseInstant } from '../../contract/instant.ts';
import { OVERRIDES } from '../../contract/names.ts';
import { isTier, TIERS, type Tier, tiersOf } from '../../contract/tiers.ts';
import type { VoucherCampaign } from '../../contract/types/campaign.ts';
import type { Overrides } from '../tick/observed.ts';

const NONE: Overrides = { min: {}, inForce: [], unreadable: [] };
const MOST_REPLICAS = 100_000;

/** `intake=20,records=4 until 2026-11-23T12:00:00Z`; undefined for another form. */
const minOf = (
  text: string,
  tiers: readonly Tier[],
): { readonly min: Overrides['min']; readonly untilMs: number } | undefined => {
  const [, list = '', time = ''] = /^\s*(\S+)\s+until\s+(\S+)\s*$/.exec(text) ?? [];
  const untilMs = parseInstant(time);
  const min: Partial<Record<Tier, number>> = {};
  for (const entry of list.split(',')) {
    const [, tier = '', digits = ''] = /^([a-z]+)=(\d{1,6})$/.exec(entry) ?? [];
    const replicas = Number(digits);
    if (!isTier(tier) || !tiers.includes(tier) || replicas < 1 || replicas > MOST_REPLICAS) return undefined;
    min[tier] = replicas;
  }
  return untilMs === undefined ? undefined : { min, untilMs };
};

const A_TIME = 'a time such as 2026-11-23T12:00:00Z';

export const overridesOf = ({ metadata: { annotations = {} }, spec }: VoucherCampaign, nowMs: number): Overrides => {
  let overrides = NONE;
  const read = <T>(name: string, parse: (text: string) => T | undefined, form: string, take: (value: T) => void) => {
    const text = annotations[name];
    if (text === undefined) return;
    const value = parse(text);
    if (value !== undefined) return take(value);
    const unreadable = `The annotation ${name} has no effect: write ${form}.`;
    overrides = { ...overrides, unreadable: [...overrides.unreadable, unreadable] };
  };
  const enforce = (more: Partial<Overrides>, untilMs: number, what: string): void => {
    if (nowMs >= untilMs) return;
    const words = `${what} until ${new Date(untilMs).toISOString()}`;
    overrides = { ...overrides, ...more, inForce: [...overrides.inForce, words] };
  };
  read(OVERRIDES.paused, parseInstant, A_TIME, (ms) => enforce({ pausedUntilMs: ms }, ms, 'No replicas are written'));
  read(OVERRIDES.holdUntil, parseInstant, A_TIME, (ms) =>
    enforce({ holdOverrideUntilMs: ms }, ms, 'No tier is scaled down'),
  );
  const example = 'for example intake=20,records=4 until 2026-11-23T12:00:00Z, of tiers that the campaign has';
  read(
    OVERRIDES.minOverride,
    (text) => minOf(text, tiersOf(spec)),
    example,
    ({ min, untilMs }) => {
      const least = TIERS.flatMap((tier) => (min[tier] === undefined ? [] : [`${min[tier]} ${tier}`]));
      enforce({ min }, untilMs, `At least ${least.join(' and ')} replicas run, within max and ceiling,`);
    },
  );
  return overrides;
};
