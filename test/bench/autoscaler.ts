/**
 * Who is ready first when a crowd comes: KEDA as documented, KEDA tuned by an expert, and this operator, each alone, in
 * drawn order, at a drawn moment of HPA's 15 s, on a real cluster with real pods. Runs are appended as they end, and the
 * same command goes on where it was stopped: `--only CROWD,… --contestant NAME,… --runs N --minutes N --seed N --fresh`.
 */
import type { Scenario } from '../helpers/scenario.ts';
import { contest } from './autoscaler/bench.ts';
import { STEP_CELLS } from './autoscaler/cells.ts';
import { podOptionsFor } from './autoscaler/manifests.ts';
import { stepChecks, verdictOf } from './autoscaler/verdict.ts';

export const scenario: Scenario = {
  issue: '05',
  run: (context) =>
    contest(
      {
        name: 'autoscaler',
        cells: STEP_CELLS,
        pods: podOptionsFor(),
        verdict: (runs) => verdictOf(stepChecks(runs), runs),
      },
      context,
    ),
};
