/** Metrics of the operator's API calls and its lease. Labels are bounded: verbs, resources, codes. */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { CallReport } from '../kube/client.ts';

export type KubeMetrics = ReturnType<typeof createKubeMetrics>;

interface KubeMetricsSources {
  /** Since the API server last sent something about a resource, ms. */
  readonly quietMs: () => ReadonlyMap<string, number>;
  /** Watched namespaces that are not served as they should be, and why. */
  readonly notServed: () => ReadonlyMap<string, { readonly reason: string }>;
  readonly counts: () => { readonly keys: number; readonly running: number };
}

export const createKubeMetrics = (registry: Registry, sources: KubeMetricsSources) => {
  const registers = [registry];
  const requests = new Counter({
    name: 'voucher_operator_api_requests_total',
    help: 'Attempted calls of the Kubernetes API.',
    labelNames: ['verb', 'resource', 'code'] as const,
    registers,
  });
  const seconds = new Histogram({
    name: 'voucher_operator_api_request_seconds',
    help: 'Time of an attempted call until its answer was read; of a watch, until it was opened.',
    labelNames: ['verb'] as const,
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    registers,
  });
  new Gauge({
    name: 'voucher_operator_watch_quiet_seconds',
    help: 'Since the API server last sent something about a resource. More than 60 means that the operator sees no changes of it.',
    labelNames: ['resource'] as const,
    registers,
    collect() {
      for (const [resource, ms] of sources.quietMs()) this.set({ resource }, ms / 1000);
    },
  });
  new Gauge({
    name: 'voucher_operator_namespaces_not_served',
    help: '1 for a watched namespace that can not be listed (refused), that another installation serves (another), whose claim can not be read (unknown), or that is served without a claim (unclaimed). Namespace * is all of them.',
    labelNames: ['namespace', 'reason'] as const,
    registers,
    collect() {
      this.reset();
      for (const [namespace, { reason }] of sources.notServed()) this.set({ namespace, reason }, 1);
    },
  });
  return {
    /** One call attempt; `code` is the HTTP status or the kind of error when none came. */
    call({ verb, resource, code, seconds: took }: CallReport): void {
      requests.inc({ verb, resource, code });
      seconds.observe({ verb }, took);
    },
    lists: new Counter({
      name: 'voucher_operator_watch_lists_total',
      help: 'Whole lists read, at the start, after a version that was too old, and every ten minutes.',
      labelNames: ['resource'] as const,
      registers,
    }),
    watchFailures: new Counter({
      name: 'voucher_operator_watch_failures_total',
      help: 'Watches and lists that broke and were started again.',
      labelNames: ['resource'] as const,
      registers,
    }),
    eventsDropped: new Counter({
      name: 'voucher_operator_events_dropped_total',
      help: 'Kubernetes events that were not written, by reason.',
      labelNames: ['reason'] as const,
      registers,
    }),
    leading: new Gauge({
      name: 'voucher_operator_leading',
      help: '1 in the process that acts, 0 in those that wait.',
      registers,
    }),
    keys: new Gauge({
      name: 'voucher_operator_queue_keys',
      help: 'Campaigns of this process.',
      registers,
      collect() {
        this.set(sources.counts().keys);
      },
    }),
    running: new Gauge({
      name: 'voucher_operator_queue_running',
      help: 'Ticks under way.',
      registers,
      collect() {
        this.set(sources.counts().running);
      },
    }),
    lateSeconds: new Histogram({
      name: 'voucher_operator_queue_late_seconds',
      help: 'How long after its time a tick began.',
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5],
      registers,
    }),
    ticks: new Counter({
      name: 'voucher_operator_ticks_total',
      help: 'Ticks, by their cause: what changed, the time (due), a failure before (retry).',
      labelNames: ['reason'] as const,
      registers,
    }),
  };
};
