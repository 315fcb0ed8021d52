import type { SimulationResult } from '../simulation/simulation.ts';
import { count, span } from './words.ts';

const LABEL = 26;

export const table = (result: SimulationResult): string => {
  const { drainedAtSeconds, firstScaleUpSeconds, plans } = result;
  const rows: readonly (readonly [string, string])[] = [
    ['policy', result.policy],
    ['half wait at most', span(result.waitP50Seconds)],
    ['99% wait at most', span(result.waitP99Seconds)],
    ['waited longer than 5 s', count(result.lateOver5Seconds)],
    ['highest backlog', count(result.peakBacklog)],
    ['backlog cleared', drainedAtSeconds === undefined ? 'never' : `${span(drainedAtSeconds)} after opening`],
    ['most replicas', count(result.maxReplicas)],
    ['pod-hours', (result.podSeconds / 3_600).toFixed(1)],
    ['first scale-up for load', firstScaleUpSeconds === undefined ? 'never' : `at ${span(firstScaleUpSeconds)}`],
    ...plans.map(
      ({ t, tier, reason, needed, ceiling }) =>
        [
          'would ask the owner',
          `at ${span(t)} for ${ceiling} replicas of ${tier}: ${needed} needed for the ${reason.toLowerCase()}`,
        ] as const,
    ),
  ];
  return rows.map(([label, value]) => `${label.padEnd(LABEL)} ${value}\n`).join('');
};
