/** The part of an operator's metrics page that is about the Kubernetes API and its lease, which embedded mode has not. Each read is a little later. */
import { Registry } from 'prom-client';
import { createKubeMetrics } from '../../operator/observability/kube-metrics.ts';

export const apiCallsPage = (): (() => Promise<string>) => {
  const registry = new Registry();
  const kube = createKubeMetrics(registry, {
    quietMs: () => new Map([['pods', 800]]),
    notServed: () => new Map(),
    counts: () => ({ keys: 1, running: 0 }),
  });
  kube.leading.set(1);
  return () => {
    kube.ticks.inc({ reason: 'due' });
    kube.lateSeconds.observe(0.01);
    kube.call({ verb: 'get', resource: 'pods', code: '200', seconds: 0.02 });
    return registry.metrics();
  };
};
