/**
 * The traces with the campaign and the plant that each is played on: all of it drawn from one seed. Default settings but
 * for what a trace needs to mean anything: capacity, ceiling and maximum, and the forecast.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseCampaign } from '../../../cli/campaign-file.ts';
import { instantMs } from '../../../contract/instant.ts';
import type { VoucherCampaignSpec } from '../../../contract/types/campaign.ts';
import type { RandomSource } from '../../../local/load/random.ts';
import { replicasFor, TARGET_UTILISATION } from '../../../operator/scaling/schedule.ts';
import type { PlantRates } from '../../../simulation/plant.ts';
import { SIMULATED_TIERS, type SimulatedTier, type SimulationStart } from '../../../simulation/simulation.ts';
import type { TraceStep } from '../../../simulation/trace.ts';
import { pick, poisson, randomFor } from './random.ts';
import { SHAPES, type ShapeName } from './shapes.ts';

export interface TraceCase {
  readonly name: string;
  /** Highest rate of the curve, arrivals per second. */
  readonly peak: number;
  readonly spec: VoucherCampaignSpec;
  readonly plant: PlantRates;
  readonly trace: readonly TraceStep[];
  /** A trace that does not begin at opening begins with what its first minute needs. */
  readonly start?: SimulationStart;
  /** The settings in a few words, for the report. */
  readonly settings: string;
}

interface Plan {
  readonly shape: ShapeName;
  /** Fixed peak; absent: drawn, 20/s to 20,000/s over all traces. */
  readonly peak?: number;
  /** Forecast as a share of the real peak; absent: the owner gave none. */
  readonly forecast?: number;
  /** The ceiling is below what the peak needs. */
  readonly binds?: true;
}

const PLANS: readonly Plan[] = [
  { shape: 'ticket-sale' },
  { shape: 'ticket-sale', binds: true },
  { shape: 'ticket-sale', forecast: 1 },
  { shape: 'ticket-sale', forecast: 0.5 },
  { shape: 'ticket-sale', forecast: 2 },
  { shape: 'vaccination' },
  { shape: 'vaccination', forecast: 1 },
  { shape: 'vaccination', forecast: 0.5, binds: true },
  { shape: 'vaccination', forecast: 2 },
  { shape: 'chengdu' },
  { shape: 'chengdu' },
  { shape: 'chengdu', forecast: 2 },
  { shape: 'second-wave' },
  { shape: 'second-wave' },
  { shape: 'second-wave', binds: true },
  { shape: 'second-wave', forecast: 0.5 },
  { shape: 'mention' },
  { shape: 'mention' },
  { shape: 'mention' },
  { shape: 'day-humps' },
  { shape: 'day-humps' },
  { shape: 'day-humps' },
  { shape: 'noise', peak: 5 },
  { shape: 'noise', peak: 40 },
  { shape: 'noise', peak: 300 },
  { shape: 'noise', peak: 1_000 },
  { shape: 'noise', peak: 3_000 },
  { shape: 'noise', peak: 8_000 },
  { shape: 'sine' },
  { shape: 'sine' },
  { shape: 'night' },
  { shape: 'night' },
  { shape: 'bots' },
  { shape: 'bots' },
  { shape: 'bots' },
  { shape: 'closing-rush' },
  { shape: 'closing-rush' },
  { shape: 'closing-rush' },
  { shape: 'ramp' },
  { shape: 'ramp' },
  { shape: 'ramp', binds: true },
  { shape: 'step-and-plateau' },
  { shape: 'step-and-plateau' },
  { shape: 'step-and-plateau' },
  { shape: 'step-down' },
  { shape: 'step-down' },
  { shape: 'outage' },
  { shape: 'outage' },
];

const OPENINGS: ReadonlySet<ShapeName> = new Set(['ticket-sale', 'vaccination', 'chengdu', 'second-wave']);
const DAY_SECONDS = 86_400;
const LOWEST_PEAK = 20;
const HIGHEST_PEAK = 20_000;
/** Nothing comes any more: what is still there then costs, and is counted. */
const QUIET_SECONDS = 600;
/** Of what the peak needs, where the ceiling binds: the crowd is carried, and drains slowly. */
const BINDING_SHARE = 0.85;
const CAPACITIES = [20, 40, 70, 100, 200] as const;

/** The minimal campaign with the schema's defaults, and no limit on admission. */
export const defaultCampaign = async (): Promise<VoucherCampaignSpec> => {
  const name = join(import.meta.dirname, '../../../examples/minimal.yaml');
  const {
    traffic: { admissionPerSecond: _, ...traffic },
    ...spec
  } = await parseCampaign(await readFile(name, 'utf8'), name);
  return { ...spec, traffic };
};

const needOf = (peak: number, capacity: number): number => replicasFor(peak, capacity, TARGET_UTILISATION);

/** Small enough that the trace moves replicas at all, large enough for 2,000 of them. */
const drawCapacity = (random: RandomSource, peak: number): number => {
  const [first = 20, ...rest] = CAPACITIES.filter(
    (capacity) => needOf(peak, capacity) >= 4 && needOf(peak, capacity) <= 1_500,
  );
  return pick(random, [first, ...rest]);
};

interface Situation {
  readonly name: string;
  readonly peak: number;
  readonly forecast: number | undefined;
  readonly binds: boolean;
  readonly trace: readonly TraceStep[];
}

const caseOf = (
  campaign: VoucherCampaignSpec,
  random: RandomSource,
  { name, peak, forecast, binds, trace }: Situation,
): TraceCase => {
  const capacity = { intake: drawCapacity(random, peak), records: drawCapacity(random, peak) };
  const ceilingOf = (tier: SimulatedTier): number => {
    const need = needOf(peak, capacity[tier]);
    return binds ? Math.max(3, Math.round(BINDING_SHARE * need)) : need > 300 ? 2_000 : 600;
  };
  const ceilings = { intake: ceilingOf('intake'), records: ceilingOf('records') };
  const plant = {
    startSeconds: pick(random, [4, 8, 20]),
    podsCreatedPerSecond: 20,
    podsCreatedBurst: pick(random, [0, 30]),
  };
  const { tiers, authorized, ...scaling } = campaign.scaling;
  const tierOf = (tier: SimulatedTier) => ({
    ...tiers[tier],
    max: Math.max(600, ceilings[tier]),
    capacityPerReplica: capacity[tier],
  });
  const spec: VoucherCampaignSpec = {
    ...campaign,
    scaling: {
      ...scaling,
      ...(forecast === undefined ? {} : { peakArrivalsPerSecond: Math.max(1, Math.round(forecast * peak)) }),
      authorized: { ...authorized, ceilings: { ...authorized.ceilings, ...ceilings } },
      tiers: { ...tiers, intake: tierOf('intake'), records: tierOf('records') },
    },
  };
  const minute = trace.filter(({ atSeconds }) => atSeconds < (trace[0]?.atSeconds ?? 0) + 60);
  const first = minute.reduce((sum, { arrivalsPerSecond }) => sum + arrivalsPerSecond, 0) / Math.max(1, minute.length);
  const standing = (tier: SimulatedTier): number =>
    Math.min(ceilings[tier], Math.max(tiers[tier].min, needOf(first, capacity[tier])));
  const isOpening = (trace[0]?.atSeconds ?? 0) < 3_600;
  return {
    name,
    peak,
    spec,
    plant,
    trace,
    ...(isOpening
      ? {}
      : { start: { replicas: { intake: standing('intake'), records: standing('records') }, backlog: 0 } }),
    settings: [
      `${Math.round(peak)}/s`,
      SIMULATED_TIERS.map((tier) => capacity[tier]).join('+'),
      `${plant.startSeconds} s`,
      plant.podsCreatedBurst === 0 ? 'no burst' : `burst ${plant.podsCreatedBurst}`,
      forecast === undefined ? 'no forecast' : `forecast ${forecast} ×`,
      ...(binds ? ['ceiling binds'] : []),
    ].join(', '),
  };
};

/** Peaks one to a stratum of the range, in a drawn order, so that every seed has small and large crowds. */
const peaksOf = (seed: string, count: number): readonly number[] => {
  const random = randomFor(seed, 'peaks');
  const order = Array.from({ length: count }, (_, stratum) => ({ stratum, key: random.next() })).toSorted(
    (a, b) => a.key - b.key,
  );
  return order.map(({ stratum }) => LOWEST_PEAK * (HIGHEST_PEAK / LOWEST_PEAK) ** ((stratum + random.next()) / count));
};

/** When the trace begins: at opening, a day later, or so that it ends at closing. */
const beginOf = (shape: ShapeName, seconds: number, { window }: VoucherCampaignSpec): number => {
  if (OPENINGS.has(shape)) return 0;
  if (shape !== 'closing-rush') return DAY_SECONDS;
  return (instantMs(window.closesAt) - instantMs(window.opensAt)) / 1000 - seconds;
};

/** The traces of a seed. */
export const casesOf = (seed: string, campaign: VoucherCampaignSpec): readonly TraceCase[] => {
  const peaks = peaksOf(seed, PLANS.length);
  const names = new Map<ShapeName, number>();
  return PLANS.map(({ shape, peak: fixed, forecast, binds = false }, index) => {
    const number = (names.get(shape) ?? 0) + 1;
    names.set(shape, number);
    const name = `${shape}-${number}`;
    const random = randomFor(seed, name);
    const peak = fixed ?? peaks[index] ?? LOWEST_PEAK;
    const { seconds, shareAt } = SHAPES[shape](random);
    const begin = beginOf(shape, seconds, campaign);
    const played = Array.from({ length: seconds }, (_, second) => ({
      atSeconds: begin + second,
      arrivalsPerSecond: poisson(random, peak * shareAt(second)),
    }));
    const trace = [
      ...played,
      { atSeconds: begin + seconds, arrivalsPerSecond: 0 },
      { atSeconds: begin + seconds + QUIET_SECONDS, arrivalsPerSecond: 0 },
    ];
    return caseOf(campaign, random, { name, peak, forecast, binds, trace });
  });
};

/** Another's trace, as it is; the campaign and the plant are drawn. */
export const caseOfTrace = (
  seed: string,
  campaign: VoucherCampaignSpec,
  name: string,
  trace: readonly TraceStep[],
): TraceCase => {
  const peak = trace.reduce((most, { arrivalsPerSecond }) => Math.max(most, arrivalsPerSecond), 1);
  const end = trace.at(-1)?.atSeconds ?? 0;
  const quiet = [
    ...trace.slice(0, -1),
    { atSeconds: end, arrivalsPerSecond: 0 },
    { atSeconds: end + QUIET_SECONDS, arrivalsPerSecond: 0 },
  ];
  return caseOf(campaign, randomFor(seed, name), { name, peak, forecast: undefined, binds: false, trace: quiet });
};
