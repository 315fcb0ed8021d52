/** How often who meets which crowd. Pure. */
import type { Cell } from './schedule.ts';

/** Upstream's default. */
export const STEP_QPS = 20;

const cell = (crowd: Cell['crowd'], contestant: Cell['contestant'], runs: number): Cell => ({
  crowd,
  contestant,
  runs,
  managerQps: STEP_QPS,
});

/** On real pods. */
export const STEP_CELLS: readonly Cell[] = [
  cell('step-2-40', 'keda-documented', 3),
  cell('step-2-40', 'keda-expert', 15),
  cell('step-2-40', 'keda-expert-1s', 15),
  cell('step-2-40', 'ours', 15),
  cell('step-2-40', 'nobody', 1),
  ...(['step-plus-half', 'ramp-60s', 'spikes'] as const).flatMap((crowd) => [
    cell(crowd, 'keda-expert', 3),
    cell(crowd, 'ours', 3),
    cell(crowd, 'nobody', 1),
  ]),
  // To the end: what a hold costs, and what it saves.
  cell('opening-20-min', 'keda-expert-1s', 2),
  cell('opening-20-min', 'ours', 2),
];

export const SCALE_QPS = [20, 200] as const;

/** On simulated nodes. The oracle tells what the cluster itself takes. */
export const SCALE_CELLS: readonly Cell[] = SCALE_QPS.flatMap((managerQps) =>
  (
    [
      ['keda-documented', 1],
      ['keda-expert', 3],
      ['ours', 5],
      ['oracle', managerQps === STEP_QPS ? 3 : 1],
    ] as const
  ).map(([contestant, runs]) => ({ crowd: 'scale-10-572' as const, contestant, runs, managerQps })),
);
