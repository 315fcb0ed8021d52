/** Metrics of the operator's API calls and its lease. Labels are bounded: verbs, resources, codes. */
import type { Registry } from 'prom-client';
import { metric } from '../../contract/metrics/metrics.ts';
import { counter, gauge, histogram, sampledGauge } from '../../runtime/metrics.ts';
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
  const requests = counter(registry, metric('voucher_operator_api_requests_total'));
  const seconds = histogram(registry, metric('voucher_operator_api_request_seconds'));
  sampledGauge(registry, metric('voucher_operator_watch_quiet_seconds'), () =>
    [...sources.quietMs()].map(([resource, ms]) => [{ resource }, ms / 1000] as const),
  );
  sampledGauge(registry, metric('voucher_operator_namespaces_not_served'), () =>
    [...sources.notServed()].map(([namespace, { reason }]) => [{ namespace, reason }, 1] as const),
  );
  sampledGauge(registry, metric('voucher_operator_queue_campaigns'), () => [[{}, sources.counts().keys]]);
  sampledGauge(registry, metric('voucher_operator_running_ticks'), () => [[{}, sources.counts().running]]);
  return {
    /** One call attempt; `code` is the HTTP status or the kind of error when none came. */
    call({ verb, resource, code, seconds: took }: CallReport): void {
      requests.inc({ verb, resource, code });
      seconds.observe({ verb }, took);
    },
    lists: counter(registry, metric('voucher_operator_watch_lists_total')),
    watchFailures: counter(registry, metric('voucher_operator_watch_failures_total')),
    eventsDropped: counter(registry, metric('voucher_operator_events_dropped_total')),
    leading: gauge(registry, metric('voucher_operator_leading')),
    lateSeconds: histogram(registry, metric('voucher_operator_tick_delay_seconds')),
    ticks: counter(registry, metric('voucher_operator_ticks_total')),
  };
};
