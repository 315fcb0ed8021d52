import type { Registry } from 'prom-client';
import { COMPARE_METRICS } from '../../contract/compare.ts';
import { sampledGauge } from '../sampled-gauge.ts';
import type { Findings } from './differences.ts';
import type { RoundResult } from './round.ts';

const MOST_BUCKETS_NAMED = 10;

export interface Compared {
  readonly findings: Findings;
  readonly last: RoundResult | undefined;
}

export const exportComparison = (registry: Registry, compared: () => Compared): void => {
  const gauge = (
    name: string,
    help: string,
    labels: readonly string[],
    of: (now: Compared) => Iterable<readonly [Readonly<Record<string, string>>, number]>,
  ) => sampledGauge(registry, { name, help, labels }, () => of(compared()));
  gauge(
    COMPARE_METRICS.watermark,
    'Every message up to this one was compared with the database once.',
    ['shard'],
    ({ findings }) => findings.watermarks.map((watermark, shard) => [{ shard: String(shard) }, watermark]),
  );
  gauge(
    COMPARE_METRICS.roundAt,
    'Time of the last complete comparison, in Unix seconds; 0 before the first.',
    [],
    ({ findings }) => [[{}, (findings.roundAtMs ?? 0) / 1000]],
  );
  gauge(COMPARE_METRICS.buckets, 'Buckets of 1,024 in which journal and database differ.', [], ({ findings }) => [
    [{}, findings.confirmed.length === 0 ? 0 : findings.buckets.length],
  ]);
  gauge(COMPARE_METRICS.rows, 'Rows that differ, in the first ten of these buckets.', ['bucket'], ({ findings }) =>
    [...Map.groupBy(findings.confirmed, ({ bucket }) => bucket)]
      .sort(([a], [b]) => a - b)
      .slice(0, MOST_BUCKETS_NAMED)
      .map(([bucket, rows]) => [{ bucket: String(bucket) }, rows.length]),
  );
  gauge(COMPARE_METRICS.suspected, 'Differences that only the last comparison has seen.', [], ({ findings }) => [
    [{}, findings.suspected],
  ]);
  gauge(COMPARE_METRICS.behind, '1 while nothing is compared, because this one is behind.', ['who'], ({ last }) =>
    last?.kind === 'behind' ? [[{ who: last.who }, 1]] : [],
  );
};
