import type { Registry } from 'prom-client';
import { COMPARE_METRICS } from '../../contract/compare.ts';
import { metric } from '../../contract/metrics/metrics.ts';
import { sampledGauge } from '../../runtime/metrics.ts';
import type { Findings } from './differences.ts';
import type { RoundResult } from './round.ts';

const MOST_BUCKETS_NAMED = 10;

export interface Compared {
  readonly findings: Findings;
  readonly last: RoundResult | undefined;
}

export const exportComparison = (registry: Registry, compared: () => Compared): void => {
  const findings = (): Findings => compared().findings;
  sampledGauge(registry, metric(COMPARE_METRICS.watermark), () =>
    findings().watermarks.map((watermark, shard) => [{ shard: String(shard) }, watermark] as const),
  );
  sampledGauge(registry, metric(COMPARE_METRICS.roundAt), () => [[{}, (findings().roundAtMs ?? 0) / 1000]]);
  sampledGauge(registry, metric(COMPARE_METRICS.buckets), () => [
    [{}, findings().confirmed.length === 0 ? 0 : findings().buckets.length],
  ]);
  sampledGauge(registry, metric(COMPARE_METRICS.rows), () =>
    [...Map.groupBy(findings().confirmed, ({ bucket }) => bucket)]
      .sort(([a], [b]) => a - b)
      .slice(0, MOST_BUCKETS_NAMED)
      .map(([bucket, rows]) => [{ bucket: String(bucket) }, rows.length] as const),
  );
  sampledGauge(registry, metric(COMPARE_METRICS.suspected), () => [[{}, findings().suspected]]);
  sampledGauge(registry, metric(COMPARE_METRICS.behind), () => {
    const { last } = compared();
    return last?.kind === 'behind' ? [[{ who: last.who }, 1]] : [];
  });
};
