/** Every query of the dashboards, on a real Prometheus that scrapes a running campaign. Grafana itself is not run. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { isTier } from '../../contract/tiers.ts';
import { ensurePrometheus } from '../../local/binaries/prometheus.ts';
import type { Stack } from '../../local/stack.ts';
import { dashboardQueries } from '../../observability/dashboards/dashboards.ts';
import { apiCallsPage } from '../helpers/api-calls-page.ts';
import { registerPatiently } from '../helpers/citizen-client.ts';
import { eventuallyHolds } from '../helpers/eventually.ts';
import { withVariables } from '../helpers/promql.ts';
import { startPrometheus, type Target } from '../helpers/rules-in-prometheus.ts';
import { withStack } from '../helpers/with-stack.ts';

const programs = await ensurePrometheus({ signal: new AbortController().signal, progress: () => undefined });
const VARIABLES = { namespace: 'default', name: 'test', __rate_interval: '1m' };

/** Pods, with the labels of a scrape configuration; the operator, whose metrics name their campaigns themselves; and what only a cluster has. */
const targetsOf = async (stack: Stack): Promise<readonly Target[]> => {
  const own = (await stack.metrics()).map(({ name: pod }): Target => {
    const tier = pod.split('-').find(isTier);
    return {
      job: tier ?? 'operator',
      labels: tier === undefined ? { pod } : { namespace: 'default', name: 'test', tier, pod },
      page: async () => (await stack.metrics()).find(({ name }) => name === pod)?.text ?? '',
    };
  });
  return [...own, { job: 'operator', labels: { pod: 'of-a-cluster' }, page: apiCallsPage() }];
};

it('dashboards have data in a run without faults, and no query is refused', async () => {
  const pods = { min: 1, max: 1, capacityPerReplica: 500 };
  await withStack({ intake: pods, records: pods }, AbortSignal.timeout(280_000), async (stack, stateDir) => {
    const dir = join(stateDir, 'prometheus');
    await mkdir(dir);
    await using prometheus = await startPrometheus(programs, await targetsOf(stack), dir);
    for (const citizen of [1, 2, 3]) await registerPatiently(stack.url, citizen);
    const queries = dashboardQueries().map((one) => ({ ...one, expr: withVariables(one.expr, VARIABLES) }));
    expect(queries.length).toBeGreaterThan(50);
    const empty = async (): Promise<readonly string[]> => {
      const found = await Promise.all(queries.map(({ expr }) => prometheus.query(expr)));
      return queries.flatMap(({ where, legend, mayBeEmpty }, at) =>
        mayBeEmpty === undefined && found[at]?.length === 0 ? [`${where}: ${legend}`] : [],
      );
    };
    await eventuallyHolds(async () => expect(await empty()).toEqual([]), {
      timeoutMs: 90_000,
      what: 'data for every query',
    });
    // The zero above can fail: what is not there has no data, and what is no query is refused.
    expect(
      await prometheus.query(withVariables('voucher_campaign_info{name="$name", mode="None"}', VARIABLES)),
    ).toEqual([]);
    await expect(prometheus.query('rate(voucher_intake_arrivals_total)')).rejects.toThrow();
    expect((await prometheus.query('voucher_campaign_info')).map(({ labels }) => labels)).toEqual([
      expect.objectContaining({ namespace: 'default', name: 'test' }),
    ]);
  });
});
