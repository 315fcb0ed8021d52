/**
 * The grid: one step of a crowd on one tier, on many plants. A Latin hypercube of about 200 cells, so that every value of
 * every dimension meets many of the others; its corners; and the case in which the law ran away.
 */
import type { VoucherCampaignSpec } from '../../../contract/types/campaign.ts';
import type { RandomSource } from '../../../local/load/random.ts';
import { replicasFor, TARGET_UTILISATION } from '../../../operator/scaling/schedule.ts';
import type { PlantRates } from '../../../simulation/plant.ts';
import type { SimulatedTier, SimulationStart } from '../../../simulation/simulation.ts';
import type { TraceStep } from '../../../simulation/trace.ts';
import { between, logBetween, randomFor } from '../traces/random.ts';

/** What the law is told that is not so; 1: it is so. */
export interface Beliefs {
  /** Believed capacity of a replica, as a share of the real one. */
  readonly capacity: number;
  /** Believed start time of a pod, as a share of the real one. */
  readonly start: number;
  /** Of the first pods that are created for the crowd, so many never become Ready. */
  readonly stuck: number;
}

export interface Cell {
  readonly name: string;
  readonly kind: Kind;
  readonly tier: SimulatedTier;
  readonly spec: VoucherCampaignSpec;
  readonly plant: PlantRates;
  readonly trace: readonly TraceStep[];
  readonly start: SimulationStart;
  /** When the crowd comes. */
  readonly stepSecond: number;
  /** Replicas for the new rate at the target utilisation: no policy plans with fewer. */
  readonly base: number;
  /** What may be written at most. */
  readonly most: number;
  readonly beliefs: Beliefs;
}

export const KINDS = [
  'plain',
  'ceiling',
  'backlog',
  'capacity-too-high',
  'capacity-too-low',
  'start-too-long',
  'start-too-short',
  'stuck',
] as const;
export type Kind = (typeof KINDS)[number];

/** Cells of a kind among twenty. */
const WEIGHTS: Readonly<Record<Kind, number>> = {
  plain: 9,
  ceiling: 2,
  backlog: 2,
  'capacity-too-high': 2,
  'capacity-too-low': 2,
  'start-too-long': 1,
  'start-too-short': 1,
  stuck: 1,
};
const WEIGHTED: readonly Kind[] = KINDS.flatMap((kind) => Array.from({ length: WEIGHTS[kind] }, () => kind));

const FACTORS = [5, 20, 50, 200] as const;
const CAPACITIES = [10, 40, 100, 500] as const;
const STARTS = [2, 8, 20, 60] as const;
const PACES = [5, 20, 50, 200] as const;
const BURSTS = [0, 30] as const;
const TIERS: readonly SimulatedTier[] = ['intake', 'records'];

const SAMPLES = 200;
const LEAD_SECONDS = 70;
/** A backlog that is to be there still when the crowd comes is put there this long before. */
const BACKLOG_LEAD_SECONDS = 2;
/** In seconds of the new rate. */
const BACKLOG_SECONDS = 3;
/** Replicas that the new rate needs, at most; and by how much the maximum exceeds it. */
const MOST_BASE = 600;
const MAX_FACTOR = 20;
const MOST_REPLICAS = 6_000;
/** A tier that is never the narrow part. */
const AMPLE = 1_000_000;

interface Situation {
  readonly name: string;
  readonly kind: Kind;
  readonly tier: SimulatedTier;
  readonly before: number;
  readonly after: number;
  readonly capacity: number;
  readonly plant: PlantRates;
  readonly max?: number;
}

const beliefsOf = (kind: Kind, base: number): Beliefs => ({
  capacity: kind === 'capacity-too-high' ? 1.5 : kind === 'capacity-too-low' ? 1 / 1.5 : 1,
  start: kind === 'start-too-long' ? 2 : kind === 'start-too-short' ? 0.5 : 1,
  stuck: kind === 'stuck' ? Math.max(1, Math.round(0.1 * base)) : 0,
});

const cellOf = (
  campaign: VoucherCampaignSpec,
  { name, kind, tier, before, after, capacity, plant, max: stated }: Situation,
): Cell => {
  const { tiers, authorized } = campaign.scaling;
  const base = replicasFor(after, capacity, TARGET_UTILISATION);
  const beliefs = beliefsOf(kind, base);
  const max = stated ?? Math.max(20, Math.min(MOST_REPLICAS, MAX_FACTOR * base)) + beliefs.stuck;
  // Carried, yet hardly drained.
  const ceiling = kind === 'ceiling' ? Math.max(3, Math.round(0.9 * base)) : max;
  const other = { ...tiers.intake, min: 2, max: 2, capacityPerReplica: AMPLE };
  const tested = { ...tiers.intake, min: 2, max, capacityPerReplica: capacity };
  const spec: VoucherCampaignSpec = {
    ...campaign,
    scaling: {
      ...campaign.scaling,
      authorized: { ...authorized, ceilings: { ...authorized.ceilings, intake: 2, records: 2, [tier]: ceiling } },
      tiers: {
        ...tiers,
        intake: tier === 'intake' ? tested : other,
        records: tier === 'records' ? tested : other,
      },
    },
  };
  const standing = Math.max(2, replicasFor(before, capacity, TARGET_UTILISATION));
  const lead = kind === 'backlog' ? BACKLOG_LEAD_SECONDS : LEAD_SECONDS;
  // As long as the pods take to come and the crowd to be worked off.
  const seconds = Math.round(plant.startSeconds * 3 + (2 * base) / plant.podsCreatedPerSecond + 120);
  return {
    name,
    kind,
    tier,
    spec,
    plant,
    trace: [
      { atSeconds: 0, arrivalsPerSecond: before },
      { atSeconds: lead, arrivalsPerSecond: after },
      { atSeconds: lead + seconds, arrivalsPerSecond: 0 },
    ],
    start: {
      replicas: { intake: 2, records: 2, [tier]: standing },
      backlog: kind === 'backlog' ? Math.round(BACKLOG_SECONDS * after) : 0,
    },
    stepSecond: lead,
    base,
    most: Math.min(max, ceiling) - beliefs.stuck,
    beliefs,
  };
};

/** Issue 19, §1: 60/s and then 3,000/s, everything else the default; wanted ran to 600. */
export const runaway = (campaign: VoucherCampaignSpec): Cell =>
  cellOf(campaign, {
    name: 'runaway',
    kind: 'plain',
    tier: 'intake',
    before: 60,
    after: 3_000,
    capacity: 40,
    plant: { startSeconds: 8, podsCreatedPerSecond: 20, podsCreatedBurst: 30 },
    max: 600,
  });

/** A replica count before the step, so that the step needs neither a handful nor thousands. */
const crowdOf = (standing: number, factor: number, capacity: number) => {
  const before = 0.95 * standing * TARGET_UTILISATION * capacity;
  return { before, after: factor * before };
};
const standingOf = (random: RandomSource, factor: number): number =>
  Math.max(2, Math.round(logBetween(random, 2, Math.max(3, MOST_BASE / factor))));

const nameOf = (kind: Kind, tier: SimulatedTier, factor: number, capacity: number, plant: PlantRates): string =>
  `${kind} ${tier} ${factor}× ${capacity}/s start ${plant.startSeconds} s pace ${plant.podsCreatedPerSecond}/s` +
  (plant.podsCreatedBurst === 0 ? '' : ` burst ${plant.podsCreatedBurst}`);

/** Every extreme with every other. */
const corners = (campaign: VoucherCampaignSpec): readonly Cell[] =>
  [5, 200].flatMap((factor) =>
    [10, 500].flatMap((capacity) =>
      [2, 60].flatMap((startSeconds) =>
        [5, 200].map((podsCreatedPerSecond) => {
          const plant = { startSeconds, podsCreatedPerSecond, podsCreatedBurst: 0 };
          return cellOf(campaign, {
            name: `corner ${nameOf('plain', 'records', factor, capacity, plant)}`,
            kind: 'plain',
            tier: 'records',
            ...crowdOf(factor === 5 ? 10 : 2, factor, capacity),
            capacity,
            plant,
          });
        }),
      ),
    ),
  );

/** One value of the list for each sample, in a drawn order, each equally often. */
const dimension = <T>(random: RandomSource, values: readonly [T, ...T[]], samples: number): readonly T[] => {
  const ordered = Array.from({ length: samples }, (_, sample) => ({
    value: values[sample % values.length] ?? values[0],
    key: random.next(),
  }));
  return ordered.toSorted((a, b) => a.key - b.key).map(({ value }) => value);
};

const hypercube = (campaign: VoucherCampaignSpec, random: RandomSource, samples: number): readonly Cell[] => {
  const [firstKind = 'plain', ...otherKinds] = WEIGHTED;
  const factors = dimension<number>(random, FACTORS, samples);
  const capacities = dimension<number>(random, CAPACITIES, samples);
  const starts = dimension<number>(random, STARTS, samples);
  const paces = dimension<number>(random, PACES, samples);
  const bursts = dimension<number>(random, BURSTS, samples);
  const tiers = dimension<SimulatedTier>(random, ['intake', 'records'], samples);
  const kinds = dimension<Kind>(random, [firstKind, ...otherKinds], samples);
  return kinds.map((kind, sample) => {
    const factor = factors[sample] ?? FACTORS[0];
    const capacity = capacities[sample] ?? CAPACITIES[0];
    const plant = {
      startSeconds: starts[sample] ?? STARTS[0],
      podsCreatedPerSecond: paces[sample] ?? PACES[0],
      podsCreatedBurst: bursts[sample] ?? BURSTS[0],
    };
    // Only the journal can hold a backlog from before.
    const tier = kind === 'backlog' ? 'records' : (tiers[sample] ?? TIERS[0] ?? 'intake');
    const crowd = crowdOf(standingOf(random, factor), factor * between(random, 0.9, 1.1), capacity);
    const name = `${sample + 1} ${nameOf(kind, tier, factor, capacity, plant)}`;
    return cellOf(campaign, { name, kind, tier, ...crowd, capacity, plant });
  });
};

export const cellsOf = (seed: string, campaign: VoucherCampaignSpec, samples = SAMPLES): readonly Cell[] => [
  runaway(campaign),
  ...corners(campaign),
  ...hypercube(campaign, randomFor(seed, 'law'), samples),
];
