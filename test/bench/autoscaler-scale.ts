/**
 * 10 → 572 pods on simulated nodes, at kube-controller-manager's own rate and at ten times of it: what an autoscaler can
 * do at most, since every pod is Ready as soon as it has a node. Options as of the bench `autoscaler`, which has real pods.
 */
import { PORTS } from '../../contract/app-contract.ts';
import type { Scenario } from '../helpers/scenario.ts';
import { contest } from './autoscaler/bench.ts';
import { SCALE_CELLS } from './autoscaler/cells.ts';
import { ON_KWOK, startKwok } from './autoscaler/kwok.ts';
import { podOptionsFor } from './autoscaler/manifests.ts';
import { scaleChecks, verdictOf } from './autoscaler/verdict.ts';

export const scenario: Scenario = {
  issue: '05',
  run: (context) =>
    contest(
      {
        name: 'autoscaler-scale',
        cells: SCALE_CELLS,
        pods: podOptionsFor(ON_KWOK),
        podPages: { host: '0.0.0.0', port: PORTS.admin },
        prepare: (world, signal) => startKwok(world, signal, context.progress),
        verdict: (runs) => verdictOf(scaleChecks(runs), runs),
      },
      context,
    ),
};
