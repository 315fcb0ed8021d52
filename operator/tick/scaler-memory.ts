/** The scaler's memory as it survives in `status.scaler`: versioned JSON, and never trusted. */
import { z } from 'zod';
import { entryOf, perTier, type Tier } from '../../contract/tiers.ts';
import type { VoucherCampaignStatus } from '../../contract/types/campaign.ts';
import { parseUntrusted } from '../../contract/untrusted.ts';
import { EMPTY_MEMORY, type TierMemory } from '../scaling/types.ts';
import type { CampaignMemory } from './observed.ts';

/** More slots than any down window has at one per 10 s (schema maximum: 1 h); a bound against a hand-edited status. */
const MAX_SLOTS = 400;
/** Of an hour; each makes the next one later. */
const MAX_MISTAKES = 20;

const instantMs = z.number().int().nonnegative();
const perSecond = z.number().nonnegative().max(1e9);

const tierSchema = z.object({
  /** First slot's start, ms. */
  b: z.number().int().nonnegative(),
  /** [ms after b, wanted replicas]: short, because the slots of all tiers must fit into 16 KiB. */
  w: z.array(z.tuple([z.number().int().nonnegative(), z.number().nonnegative()])).max(MAX_SLOTS),
  /** [rise, rate] per second of the same slots. Apart, so that an operator of before reads the others. */
  g: z
    .array(z.tuple([perSecond, perSecond]))
    .max(MAX_SLOTS)
    .optional(),
  /** Asked for by the crowd while citizens wait, until when. */
  q: z.tuple([z.number().int().nonnegative(), instantMs]).optional(),
  /** Since when replicas have been falling; falls that were a mistake. */
  f: instantMs.optional(),
  m: z.array(instantMs).max(MAX_MISTAKES).optional(),
  /** Last step down: [ms, replicas it began from]. */
  d: z.tuple([z.number().int().nonnegative(), z.number().int().nonnegative()]).optional(),
  /** Learned: capacity of a replica, seconds to Ready, pods created per second. */
  c: perSecond.optional(),
  s: z.number().nonnegative().max(300).optional(),
  r: perSecond.positive().optional(),
  p: instantMs.optional(),
  x: instantMs.optional(),
  /** Trial of a scale-up: [ready, served per second, useless ones so far]. */
  t: z.tuple([z.number().int().nonnegative(), perSecond, z.number().int().nonnegative()]).optional(),
  /** Saturated: [since, served per replica, admitted per second]. */
  u: z.tuple([instantMs, perSecond, perSecond]).optional(),
});

const memorySchema = z.object({
  v: z.literal(1),
  tiers: z.object(perTier((tier) => (entryOf(tier).section === undefined ? tierSchema : tierSchema.optional()))),
});

const hundredths = (value: number | undefined): number | undefined =>
  value === undefined ? undefined : Math.round(value * 100) / 100;

const present = <T>(value: T | undefined, of: (value: T) => Partial<TierMemory>): Partial<TierMemory> =>
  value === undefined ? {} : of(value);

/** Without `freshTicks`: a new process has seen none, and an idle campaign's status would change every second. */
export const serializeMemory = (memory: CampaignMemory): string => {
  const tier = ({ recentWanted, lastDownMs, lastDownFrom, ...learned }: TierMemory): z.infer<typeof tierSchema> => {
    const base = recentWanted[0]?.slotStartMs ?? 0;
    const { trial, saturation } = learned;
    return {
      b: base,
      w: recentWanted.map(({ slotStartMs, wanted }) => [slotStartMs - base, wanted]),
      ...(recentWanted.some(({ rate = 0 }) => rate > 0)
        ? { g: recentWanted.map(({ rise = 0, rate = 0 }): [number, number] => [rise, rate]) }
        : {}),
      q: learned.pressing && [learned.pressing.wanted, learned.pressing.untilMs],
      f: learned.fellMs,
      m: learned.mistakesMs?.slice(-MAX_MISTAKES),
      ...(lastDownMs === undefined || lastDownFrom === undefined ? {} : { d: [lastDownMs, lastDownFrom] }),
      // JSON leaves out what is undefined.
      c: hundredths(learned.capacityPerReplica),
      s: hundredths(learned.startSeconds),
      r: hundredths(learned.createdPerSecond),
      p: learned.panicUntilMs,
      x: learned.blindSinceMs,
      t: trial && [trial.ready, trial.servedPerSecond, trial.useless],
      u: saturation && [saturation.sinceMs, saturation.perReplica, saturation.admissionPerSecond],
    };
  };
  return JSON.stringify({ v: 1, tiers: perTier((name) => tier(memory[name])) });
};

/** Undefined for text that is missing, not JSON, of another version, or out of bounds. */
export const parseMemory = (text: string | undefined): CampaignMemory | undefined => {
  const parsed = parseUntrusted(memorySchema, text);
  if (parsed === undefined) return undefined;
  const tier = ({ b, w, g, q, f, m, d, c, s, r, p, x, t, u }: z.infer<typeof tierSchema>): TierMemory => ({
    recentWanted: w.map(([offsetMs, wanted], index) => {
      const [rise, rate] = g?.[index] ?? [];
      return { slotStartMs: b + offsetMs, wanted, ...(rise === undefined || rate === undefined ? {} : { rise, rate }) };
    }),
    freshTicks: 0,
    ...present(q, ([wanted, untilMs]) => ({ pressing: { wanted, untilMs } })),
    ...present(f, (fellMs) => ({ fellMs })),
    ...present(m, (mistakesMs) => ({ mistakesMs })),
    ...present(d, ([lastDownMs, lastDownFrom]) => ({ lastDownMs, lastDownFrom })),
    ...present(c, (capacityPerReplica) => ({ capacityPerReplica })),
    ...present(s, (startSeconds) => ({ startSeconds })),
    ...present(r, (createdPerSecond) => ({ createdPerSecond })),
    ...present(p, (panicUntilMs) => ({ panicUntilMs })),
    ...present(x, (blindSinceMs) => ({ blindSinceMs })),
    ...present(t, ([ready, servedPerSecond, useless]) => ({ trial: { ready, servedPerSecond, useless } })),
    ...present(u, ([sinceMs, perReplica, admissionPerSecond]) => ({
      saturation: { sinceMs, perReplica, admissionPerSecond },
    })),
  });
  // Absent: of a tier that an older operator or this campaign does not have.
  return perTier((name) => (parsed.tiers[name] === undefined ? EMPTY_MEMORY : tier(parsed.tiers[name])));
};

/** For a first tick: the present size counts as wanted until now. */
export const resumeMemory = (
  previous: VoucherCampaignStatus | undefined,
  replicas: Readonly<Record<Tier, number>>,
  nowMs: number,
): CampaignMemory => {
  const slotStartMs = Math.floor(nowMs / 10_000) * 10_000;
  const seed = (tier: Tier): TierMemory =>
    replicas[tier] === 0 ? EMPTY_MEMORY : { ...EMPTY_MEMORY, recentWanted: [{ slotStartMs, wanted: replicas[tier] }] };
  return parseMemory(previous?.scaler) ?? perTier(seed);
};
