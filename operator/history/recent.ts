/**
 * The last ten minutes of a campaign, one sample every ten seconds: the curves of `kubectl voucher status`. Decisions do
 * not show them, because a tier that is held at its ceiling decides nothing new. Pure.
 *
 * | this tick, compared with the open sample  | then                                                       |
 * |-------------------------------------------|------------------------------------------------------------|
 * | less than 10 s after it began             | it keeps the highest arrivals and backlog, the last replicas |
 * | later                                     | it is kept, and a new one begins                           |
 * | later, and it equals the one kept before  | it is dropped: a campaign at rest writes nothing           |
 */
import { z } from 'zod';
import { defined } from '../../contract/defined.ts';
import { instantMs, parseInstant } from '../../contract/instant.ts';
import type { Reading } from '../../contract/reading.ts';
import { perTier } from '../../contract/tiers.ts';
import { parseLines } from '../../contract/untrusted.ts';
import { attemptedOf, type CampaignReadings } from '../signals/readings.ts';
import type { TickPlan } from '../tick/tick-plan.ts';

const SAMPLE_MS = 10_000;
/** Ten minutes, and one before them whose values still held when they began. */
const MAX_SAMPLES = 61;

const replicas = z.object({ desired: z.number().int().nonnegative(), ready: z.number().int().nonnegative() });

/** Absent numbers are unknown, never zero. */
const recentSample = z.object({
  at: z.string().refine((text) => parseInstant(text) !== undefined),
  arrivalsPerSecond: z.number().optional(),
  backlog: z.number().optional(),
  // Absent: the campaign, or the operator that wrote it, does not have this tier.
  ...perTier(() => replicas.optional()),
});
export type RecentSample = z.infer<typeof recentSample>;

export interface Recent {
  readonly samples: readonly RecentSample[];
  /** Of the ten seconds that have not passed yet. */
  readonly open?: RecentSample;
}

export const NOTHING_RECENT: Recent = { samples: [] };

const fresh = <T>(reading: Reading<T> | undefined): T | undefined =>
  reading?.kind === 'fresh' ? reading.value : undefined;

export const sampleOf = (
  { tiers = {} }: TickPlan['status'],
  readings: Pick<CampaignReadings, 'arrivals' | 'attemptedPerSecond' | 'backlog'>,
  nowMs: number,
): RecentSample => {
  const arrivals = fresh(attemptedOf(readings));
  const backlog = fresh(readings.backlog.records)?.messages;
  return {
    at: new Date(nowMs).toISOString(),
    ...defined({ arrivalsPerSecond: arrivals === undefined ? undefined : Math.round(arrivals), backlog }),
    ...Object.fromEntries(Object.entries(tiers).map(([tier, { desired, ready }]) => [tier, { desired, ready }])),
  };
};

const highest = <K extends 'arrivalsPerSecond' | 'backlog'>(key: K, a: RecentSample, b: RecentSample) => {
  const known = [a[key], b[key]].filter((value) => value !== undefined);
  return known.length === 0 ? {} : { [key]: Math.max(...known) };
};

const merged = (open: RecentSample, next: RecentSample): RecentSample => ({
  ...next,
  at: open.at,
  ...highest('arrivalsPerSecond', open, next),
  ...highest('backlog', open, next),
});

const values = ({ at: _at, ...rest }: RecentSample): string => JSON.stringify(rest);

/** @returns the series with this tick, and whether a sample was kept that is worth a write */
export const noteSample = (
  { samples, open }: Recent,
  next: RecentSample,
): { readonly recent: Recent; readonly isNews: boolean } => {
  if (open === undefined) return { recent: { samples, open: next }, isNews: false };
  if (instantMs(next.at) - instantMs(open.at) < SAMPLE_MS) {
    return { recent: { samples, open: merged(open, next) }, isNews: false };
  }
  const last = samples.at(-1);
  if (last !== undefined && values(last) === values(open)) return { recent: { samples, open: next }, isNews: false };
  return { recent: { samples: [...samples, open].slice(-MAX_SAMPLES), open: next }, isNews: true };
};

/** What another leader kept, and then what this one noted, without a first sample that repeats the last. */
export const joinRecent = (kept: readonly RecentSample[], { samples, open }: Recent): Recent => {
  const [last, first] = [kept.at(-1), samples[0]];
  const isKnown = last !== undefined && first !== undefined && values(last) === values(first);
  return {
    samples: [...kept, ...(isKnown ? samples.slice(1) : samples)].slice(-MAX_SAMPLES),
    ...(open === undefined ? {} : { open }),
  };
};

/** Lines that can't be read are left out. */
export const parseRecent = (text: string | undefined): readonly RecentSample[] =>
  parseLines(recentSample, text, MAX_SAMPLES);
