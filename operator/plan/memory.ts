/** The scaler's memory as it survives in `status.scaler`: versioned JSON, and never trusted. */
import { z } from 'zod';
import type { VoucherCampaignStatus } from '../api/campaign-types.ts';
import { EMPTY_MEMORY, type TierMemory } from '../scaling/types.ts';
import type { CampaignMemory, ScaledTier } from './observed.ts';

/** More slots than any down window has at one per 10 s (schema maximum: 1 h); a bound against a hand-edited status. */
const MAX_SLOTS = 400;

const tierSchema = z.object({
  /** First slot's start, ms. */
  b: z.number().int().nonnegative(),
  /** [ms after b, wanted replicas]: short, because 720 slots (two tiers, an hour) must fit into 16 KiB. */
  w: z.array(z.tuple([z.number().int().nonnegative(), z.number().nonnegative()])).max(MAX_SLOTS),
  /** Last step down: [ms, replicas it began from]. */
  d: z.tuple([z.number().int().nonnegative(), z.number().int().nonnegative()]).optional(),
});

const memorySchema = z.object({
  v: z.literal(1),
  tiers: z.object({ intake: tierSchema, records: tierSchema }),
});

/**
 * `freshTicks` stays out: a process that just started has seen no fresh tick, whoever ran before it, and leaving it out
 * keeps an idle campaign's status from changing every second.
 */
export const serializeMemory = (memory: CampaignMemory): string => {
  const tier = ({ recentWanted, lastDownMs, lastDownFrom }: TierMemory): z.infer<typeof tierSchema> => {
    const base = recentWanted[0]?.slotStartMs ?? 0;
    return {
      b: base,
      w: recentWanted.map(({ slotStartMs, wanted }) => [slotStartMs - base, wanted]),
      ...(lastDownMs === undefined || lastDownFrom === undefined ? {} : { d: [lastDownMs, lastDownFrom] }),
    };
  };
  return JSON.stringify({ v: 1, tiers: { intake: tier(memory.intake), records: tier(memory.records) } });
};

/** Undefined for text that is missing, not JSON, of another version, or out of bounds. */
export const parseMemory = (text: string | undefined): CampaignMemory | undefined => {
  if (text === undefined) return undefined;
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch {
    return undefined;
  }
  const parsed = memorySchema.safeParse(raw);
  if (!parsed.success) return undefined;
  const tier = ({ b, w, d }: z.infer<typeof tierSchema>): TierMemory => ({
    recentWanted: w.map(([offsetMs, wanted]) => ({ slotStartMs: b + offsetMs, wanted })),
    freshTicks: 0,
    ...(d === undefined ? {} : { lastDownMs: d[0], lastDownFrom: d[1] }),
  });
  return { intake: tier(parsed.data.tiers.intake), records: tier(parsed.data.tiers.records) };
};

/**
 * Memory for a first tick. Without a history the present size counts as wanted until now: with 40 replicas and a 300 s
 * window nothing goes down for 300 s, as if the operator had been there all along.
 */
export const resumeMemory = (
  previous: VoucherCampaignStatus | undefined,
  replicas: Readonly<Record<ScaledTier, number>>,
  nowMs: number,
): CampaignMemory => {
  const seed = (tier: ScaledTier): TierMemory =>
    replicas[tier] === 0
      ? EMPTY_MEMORY
      : {
          ...EMPTY_MEMORY,
          recentWanted: [{ slotStartMs: Math.floor(nowMs / 10_000) * 10_000, wanted: replicas[tier] }],
        };
  return parseMemory(previous?.scaler) ?? { intake: seed('intake'), records: seed('records') };
};
