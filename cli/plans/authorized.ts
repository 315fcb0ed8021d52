/** What a campaign may use without asking, before and after an owner's change. Pure. */

import { DURATION_PATTERN, parseDurationMs } from '../../contract/duration.ts';
import { instantMs, parseInstant } from '../../contract/instant.ts';
import { isTier, TIERS, type Tier, tiersOf } from '../../contract/tiers.ts';
import type { VoucherCampaign } from '../../contract/types/campaign.ts';
import type { ScalePlan } from '../../contract/types/scale-plan.ts';
import type { ScalingSpec } from '../../contract/types/scaling.ts';
import { ceilingsText } from '../../operator/scale-plans/plan-state.ts';
import { ceilingInForce } from '../../operator/scaling/schedule.ts';
import { UsageError } from '../errors.ts';
import { dayAt, instantOf, type Zone } from '../times.ts';

export type Authorized = ScalingSpec['authorized'];
export type Ceilings = Readonly<Partial<Record<Tier, number>>>;
type Window = Authorized['windows'][number];

export interface Span {
  readonly fromMs: number;
  readonly untilMs: number;
}

export type Change =
  | { readonly kind: 'ceilings'; readonly ceilings: Ceilings }
  | { readonly kind: 'window'; readonly span: Span; readonly ceilings: Ceilings }
  | { readonly kind: 'remove-window'; readonly span: Span };

/** `intake=60`, several times or with commas. @throws UsageError */
export const parseCeilings = (texts: readonly string[]): Ceilings => {
  const ceilings: Partial<Record<Tier, number>> = {};
  for (const text of texts.flatMap((entry) => entry.split(','))) {
    const [, tier = '', digits = ''] = /^([a-z]+)=(\d{1,6})$/.exec(text.trim()) ?? [];
    if (!isTier(tier) || Number(digits) < 1) {
      throw new UsageError(
        `--ceiling ${text} can't be read: write TIER=REPLICAS, such as intake=60; the tiers are ${TIERS.join(', ')}`,
      );
    }
    ceilings[tier] = Number(digits);
  }
  return ceilings;
};

const WINDOW_FORMS =
  'write FROM/UNTIL: instants (2027-03-01T09:00:00+08:00), times of the opening day (09:00), or for UNTIL a duration (3h)';

/**
 * | text                                                  | span                                       |
 * |-------------------------------------------------------|--------------------------------------------|
 * | 2027-03-01T09:00:00+08:00/2027-03-01T12:00:00+08:00   | that                                       |
 * | 09:00/12:00                                           | on the day of opening, by the campaign's clock |
 * | 22:00/02:00                                           | until the next day                         |
 * | 09:00/3h                                              | three hours                                |
 *
 * @throws UsageError
 */
export const parseSpan = (option: string, text: string, zone: Zone, opensAtMs: number): Span => {
  const [from = '', until = '', more] = text.split('/');
  const fromMs = parseInstant(from) ?? dayAt(from, zone, opensAtMs);
  const lengthMs = new RegExp(DURATION_PATTERN).test(until) ? parseDurationMs(until) : undefined;
  const unreadable = (): UsageError => new UsageError(`${option} ${text} can't be read: ${WINDOW_FORMS}`);
  if (fromMs === undefined || more !== undefined) throw unreadable();
  const atMs = parseInstant(until);
  const clockMs = dayAt(until, zone, opensAtMs);
  const untilMs =
    lengthMs === undefined
      ? (atMs ?? (clockMs !== undefined && clockMs <= fromMs ? clockMs + 86_400_000 : clockMs))
      : fromMs + lengthMs;
  if (untilMs === undefined) throw unreadable();
  if (untilMs <= fromMs) throw new UsageError(`${option} ${text} ends before it begins`);
  return { fromMs, untilMs };
};

const spanOf = ({ from, until }: Window): Span => ({ fromMs: instantMs(from), untilMs: instantMs(until) });
const isSame = (a: Span, b: Span): boolean => a.fromMs === b.fromMs && a.untilMs === b.untilMs;
const spanText = ({ fromMs, untilMs }: Span, zone: Zone): string =>
  `${instantOf(fromMs, zone)}/${instantOf(untilMs, zone)}`;

/** @throws UsageError where there is nothing to change */
export const changed = (authorized: Authorized, change: Change, zone: Zone, nowMs: number): Authorized => {
  switch (change.kind) {
    case 'ceilings':
      return { ...authorized, ceilings: { ...authorized.ceilings, ...change.ceilings } };
    case 'window': {
      const { span, ceilings } = change;
      if (span.untilMs <= nowMs) {
        throw new UsageError(`the window ${spanText(span, zone)} is over: name one in the future`);
      }
      const window = { from: instantOf(span.fromMs, zone), until: instantOf(span.untilMs, zone), ceilings };
      const others = authorized.windows.filter((one) => !isSame(spanOf(one), span));
      const windows = [...others, window].toSorted((a, b) => instantMs(a.from) - instantMs(b.from));
      return { ...authorized, windows };
    }
    case 'remove-window': {
      const windows = authorized.windows.filter((one) => !isSame(spanOf(one), change.span));
      if (windows.length < authorized.windows.length) return { ...authorized, windows };
      const known = authorized.windows.map((one) => `\n  --remove-window ${spanText(spanOf(one), zone)}`);
      throw new UsageError(
        `there is no window ${spanText(change.span, zone)}; ${known.length === 0 ? 'there is none at all' : `existing ones:${known.join('')}`}`,
      );
    }
  }
};

/** `intake  20 → 60`, and every window that is added, removed or kept. */
export const changeLines = ({ spec }: VoucherCampaign, after: Authorized, zone: Zone): readonly string[] => {
  const before = spec.scaling.authorized;
  const ceilings = TIERS.flatMap((tier) => {
    const [was, is] = [before.ceilings[tier], after.ceilings[tier]];
    if (was === is && !tiersOf(spec).includes(tier)) return [];
    return [`${tier.padEnd(8)} ${was === is ? `${is}, as before` : `${was ?? 'none'} → ${is}`}`];
  });
  const textOf = (window: Window): string => `${spanText(spanOf(window), zone)}  ${ceilingsText(window.ceilings)}`;
  const [old, now] = [before.windows.map(textOf), after.windows.map(textOf)];
  return [
    ...ceilings,
    ...old.filter((text) => !now.includes(text)).map((text) => `window − ${text}`),
    ...now.map((text) => `window ${old.includes(text) ? ' ' : '+'} ${text}`),
  ];
};

export const consequences = (
  { spec, metadata: { name } }: VoucherCampaign,
  after: Authorized,
  plans: readonly ScalePlan[],
  nowMs: number,
): readonly string[] =>
  tiersOf(spec).flatMap((tier) => {
    const { max } = spec.scaling.tiers[tier];
    const was = ceilingInForce(spec.scaling.authorized, plans, tier, nowMs);
    const is = ceilingInForce(after, plans, tier, nowMs);
    const widest = Math.max(after.ceilings[tier], ...after.windows.map(({ ceilings }) => ceilings[tier] ?? 0));
    return [
      ...(is > was ? [`Up to ${is} replicas of ${tier} from now on, where demand needs them.`] : []),
      ...(is < was
        ? [`${tier} may have ${is} replicas from now on; those above are removed step by step (spec.scaling.down).`]
        : []),
      ...(widest > max
        ? [`spec.scaling.tiers.${tier}.max of ${name} is ${max}, and the lower one counts: raise it to allow more.`]
        : []),
    ];
  });
