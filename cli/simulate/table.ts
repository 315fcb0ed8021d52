/** Results of the simulator as text. Pure. */
import type { SimulationResult } from '../../simulation/simulation.ts';
import { columns, count, figure, span } from '../words.ts';

const LABEL = 28;

/** One simulation, a fact a line. */
export const table = (result: SimulationResult, cost: number | undefined): string => {
  const { drainedAtSeconds, firstScaleUpSeconds, plans } = result;
  const rows: readonly (readonly [string, string])[] = [
    ['policy', result.policy],
    ['half wait at most', span(result.waitP50Seconds)],
    ['99 of 100 wait at most', span(result.waitP99Seconds)],
    ['waited longer than 5 s', count(result.lateOver5Seconds)],
    ['largest backlog', count(result.peakBacklog)],
    ['backlog gone', drainedAtSeconds === undefined ? 'never' : `${span(drainedAtSeconds)} after opening`],
    ['most replicas', count(result.maxReplicas)],
    ['pod-hours', figure(result.podSeconds / 3_600)],
    ...(cost === undefined ? [] : [['cost', figure(cost)] as const]),
    ['first scale-up for arrivals', firstScaleUpSeconds === undefined ? 'never' : `at ${span(firstScaleUpSeconds)}`],
    ...plans.map(
      ({ t, tier, reason, needed, ceiling }) =>
        [
          'ScalePlan',
          `at ${span(t)} for ${ceiling} replicas of ${tier}: ${needed} needed for the ${reason.toLowerCase()}`,
        ] as const,
    ),
  ];
  return rows.map(([label, value]) => `${label.padEnd(LABEL)} ${value}\n`).join('');
};

/** Names left, figures right, the first row the header. */
export const figuresTable = (rows: readonly (readonly string[])[]): string => {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return columns(
    rows.map(([name = '', ...cells]) => [name, ...cells.map((cell, index) => cell.padStart(widths[index + 1] ?? 0))]),
  );
};
