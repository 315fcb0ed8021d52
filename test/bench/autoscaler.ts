/**
 * Who is ready first when a crowd comes: KEDA as documented, KEDA tuned by an expert, and this operator, each alone, in
 * drawn order, at a drawn moment of HPA's 15 s, on a real cluster with real pods. Runs are appended as they end, and the
 * same command goes on where it was stopped: `--only CROWD,… --contestant NAME,… --runs N --minutes N --seed N --fresh`.
 */
import type { Scenario } from '../helpers/scenario.ts';
import { contest } from './autoscaler/bench.ts';
import { podOptionsFor } from './autoscaler/manifests.ts';
import type { Cell } from './autoscaler/schedule.ts';
import { stepChecks, verdictOf } from './autoscaler/verdict.ts';

/** Upstream's default. */
const MANAGER_QPS = 20;

const cell = (crowd: Cell['crowd'], contestant: Cell['contestant'], runs: number): Cell => ({
  crowd,
  contestant,
  runs,
  managerQps: MANAGER_QPS,
});

const CELLS: readonly Cell[] = [
  cell('step-2-40', 'keda-documented', 3),
  cell('step-2-40', 'keda-expert', 15),
  cell('step-2-40', 'ours', 15),
  cell('step-2-40', 'nobody', 1),
  ...(['step-plus-half', 'ramp-60s', 'spikes'] as const).flatMap((crowd) => [
    cell(crowd, 'keda-expert', 3),
    cell(crowd, 'ours', 3),
  ]),
];

export const scenario: Scenario = {
  issue: '05',
  run: (context) =>
    contest(
      {
        name: 'autoscaler',
        cells: CELLS,
        pods: podOptionsFor(),
        verdict: (runs) => verdictOf(stepChecks(runs, MANAGER_QPS), runs),
      },
      context,
    ),
};
