/** The metrics page of an operator that leads, with one campaign in its flood. Each read is a little later. */
import { collectDefaultMetrics, Registry } from 'prom-client';
import { createKubeMetrics } from '../../operator/observability/kube-metrics.ts';
import { createLogger } from '../../operator/observability/log.ts';
import { createOperatorMetrics } from '../../operator/observability/metrics.ts';
import { createTickReporter } from '../../operator/observability/tick-reporter.ts';
import { planTick } from '../../operator/tick/tick-plan.ts';
import { aCampaign, OPENS_AT_MS } from './a-campaign.ts';
import { planDeps } from './build-options.ts';
import { anObserved, freshReadings } from './observed.ts';

export const operatorPage = (namespace: string, name: string): (() => Promise<string>) => {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const log = createLogger({ level: 'silent', destination: { write: () => undefined } });
  const kube = createKubeMetrics(registry, {
    quietMs: () => new Map([['pods', 800]]),
    notServed: () => new Map(),
    counts: () => ({ keys: 1, running: 0 }),
  });
  const reporter = createTickReporter(log, createOperatorMetrics(registry));
  const campaign = aCampaign({ metadata: { name, namespace } });
  kube.leading.set(1);
  return () => {
    const readings = freshReadings(OPENS_AT_MS - 2_000, { arrivals: 14_000 });
    const planned = planTick(campaign, anObserved({ readings, counts: { received: 12 } }), OPENS_AT_MS, planDeps);
    reporter.planned(campaign, planned, readings, OPENS_AT_MS);
    reporter.ticked(0.05);
    kube.ticks.inc({ reason: 'due' });
    kube.lateSeconds.observe(0.01);
    kube.call({ verb: 'get', resource: 'pods', code: '200', seconds: 0.02 });
    return registry.metrics();
  };
};
