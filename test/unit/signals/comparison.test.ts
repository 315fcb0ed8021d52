/** What the operator reads of the Job that compares journal and database: from the metrics that the Job itself exports. */
import { describe, expect, it } from '@jest/globals';
import { Registry } from 'prom-client';
import { type Findings, noFindings } from '../../../app/compare/differences.ts';
import { exportComparison } from '../../../app/compare/metrics.ts';
import type { ComparisonReport } from '../../../contract/compare.ts';
import { comparisonOf, createComparisonReader } from '../../../operator/signals/comparison.ts';
import { ComparisonKeeper } from '../../../operator/tick/comparison-keeper.ts';
import { AGREEING } from '../../helpers/comparison.ts';

const pageOf = (findings: Findings, who?: 'records'): Promise<string> => {
  const registry = new Registry();
  const last = who === undefined ? undefined : ({ kind: 'behind', who } as const);
  exportComparison(registry, () => ({ findings, last }));
  return registry.metrics();
};
const never = new AbortController().signal;

describe('the report of a comparison', () => {
  it('is what the Job exports', async () => {
    expect(comparisonOf(await pageOf(noFindings(3)))).toEqual({
      watermarks: [0, 0, 0],
      buckets: 0,
      rows: [],
      suspected: 0,
    });
    const wrong = { table: 'registration', bucket: 17, receipt: 'R', what: 'missing' } as const;
    const findings: Findings = {
      ...noFindings(3),
      watermarks: [7, 8, 9],
      roundAtMs: 1_600_000_000_000,
      confirmed: [wrong, { ...wrong, receipt: 'S' }, { ...wrong, bucket: 300 }],
      suspected: 1,
      buckets: [17, 300, 301],
    };
    expect(comparisonOf(await pageOf(findings, 'records'))).toEqual({
      watermarks: [7, 8, 9],
      roundAtMs: 1_600_000_000_000,
      buckets: 3,
      rows: [
        { bucket: 17, rows: 2 },
        { bucket: 300, rows: 1 },
      ],
      suspected: 1,
      behind: 'records',
    });
  });

  it('is not read from another page, nor from one that was cut off', async () => {
    expect(() => comparisonOf('voucher_intake_arrivals_total 3\n')).toThrow(/voucher_compare_watermark_sequence/);
    const page = await pageOf(noFindings(3));
    expect(() => comparisonOf(page.slice(0, -10))).toThrow(/cut off|no readable/);
  });

  it('is undefined without a pod, and while a pod does not answer', async () => {
    const silent = createComparisonReader({ page: () => Promise.reject(new Error('no answer')) });
    expect(await silent.read({}, never)).toBeUndefined();
    const jobs = {
      compare: { name: 'spring-compare', state: 'running', failedPods: 0, adminUrl: 'http://pod' },
    } as const;
    expect(await silent.read({ jobs }, never)).toBeUndefined();
  });
});

describe('the keeper of the report', () => {
  it('keeps the last one, reads one at a time, and delays no tick', async () => {
    const asked: PromiseWithResolvers<ComparisonReport | undefined>[] = [];
    const failures: unknown[] = [];
    const keeper = new ComparisonKeeper(
      {
        read: () => {
          const one = Promise.withResolvers<ComparisonReport | undefined>();
          asked.push(one);
          return one.promise;
        },
      },
      (error) => failures.push(error),
    );
    keeper.keep({}, never);
    keeper.keep({}, never);
    expect([asked.length, keeper.report]).toEqual([1, undefined]);
    asked[0]?.resolve(AGREEING);
    await keeper.settled();
    keeper.keep({}, never);
    asked[1]?.resolve(undefined);
    await keeper.settled();
    expect(keeper.report).toBe(AGREEING);
    keeper.keep({}, never);
    asked[2]?.reject(new Error('unreadable'));
    await keeper.settled();
    expect([keeper.report, failures.length]).toEqual([AGREEING, 1]);
  });
});
