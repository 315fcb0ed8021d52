/**
 * Every query of the dashboards, on a real Prometheus that scrapes the pods of a running stack. The operator of the embedded mode has no
 * metrics page: its page is that of helpers/operator-page.ts. Grafana itself is not run.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { isTier } from '../../../contract/tiers.ts';
import { prometheusHere } from '../../../local/binaries/prometheus.ts';
import { startEmbedded } from '../../../local/embedded.ts';
import type { Stack } from '../../../local/stack.ts';
import { dashboardQueries } from '../../../observability/dashboards/dashboards.ts';
import { registerPatiently } from '../../helpers/citizen-client.ts';
import { eventually } from '../../helpers/eventually.ts';
import { operatorPage } from '../../helpers/operator-page.ts';
import { type Page, type PrometheusServer, startPrometheus } from '../../helpers/prometheus.ts';
import { withVariables } from '../../helpers/promql.ts';
import { isStackReady, stackCampaignYaml } from '../../helpers/with-stack.ts';

const programs = await prometheusHere();
/** `npm test` gets it before the suite. */
const withPrometheus = programs === undefined ? describe.skip : describe;

const NAMESPACE = 'default';
const NAME = 'test';
const VARIABLES = { namespace: NAMESPACE, name: NAME, __rate_interval: '1m' };
const ended = new AbortController();

let dir = '';
let stack: Stack;
let prometheus: PrometheusServer;

/** One for each pod that there is at the start. */
const pagesOf = async (): Promise<readonly Page[]> =>
  (await stack.metrics()).map(({ name }) => {
    const tier = name.split('-').find(isTier) ?? 'other';
    return {
      labels: { namespace: NAMESPACE, name: NAME, tier, pod: name, instance: name },
      read: async () => (await stack.metrics()).find((page) => page.name === name)?.text,
    };
  });

withPrometheus('on a Prometheus that scrapes a stack', () => {
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'voucher-dashboards-'));
    stack = await startEmbedded({
      campaignYaml: stackCampaignYaml({ intake: { min: 2, max: 2, capacityPerReplica: 500 } }, Date.now()),
      stateDir: join(dir, 'stack'),
      signal: ended.signal,
      progress: () => undefined,
    });
    await eventually(() => isStackReady(stack), { what: 'the campaign to be Ready' });
    const operator = operatorPage(NAMESPACE, NAME);
    const pages = [...(await pagesOf()), { labels: { pod: 'operator', instance: 'operator' }, read: operator }];
    prometheus = await startPrometheus(programs?.prometheus ?? '', dir, pages);
    for (let citizen = 1; citizen <= 8; citizen += 1) await registerPatiently(stack.url, citizen);
  });

  afterAll(async () => {
    ended.abort();
    await prometheus?.stop();
    await stack?.stop();
    await rm(dir, { recursive: true, force: true });
  });

  it('every query is answered, and those that a run without faults can answer have data', async () => {
    const queries = dashboardQueries().map((one) => ({ ...one, expr: withVariables(one.expr, VARIABLES) }));
    let empty: readonly string[] = [];
    await eventually(
      async () => {
        const results = await Promise.all(queries.map(({ expr }) => prometheus.query(expr)));
        empty = queries.flatMap(({ where, legend, mayBeEmpty }, index) =>
          mayBeEmpty === undefined && results[index]?.length === 0 ? [`${where}: ${legend}`] : [],
        );
        return empty.length === 0;
      },
      { timeoutMs: 60_000, everyMs: 500, what: 'data for every query' },
    ).catch(() => undefined);
    expect(empty).toEqual([]);
  });

  it('a query of a metric that is not there has none, and a wrong one is an error: the zero above can fail', async () => {
    expect(await prometheus.query('voucher_campaign_nothing{name="test"}')).toEqual([]);
    await expect(prometheus.query('rate(voucher_intake_arrivals_total)')).rejects.toThrow(/expected type range vector/);
  });

  it('offers the campaign as a value of the variables', async () => {
    const found = await prometheus.query('voucher_campaign_info');
    expect(found).toEqual([
      expect.objectContaining({ namespace: NAMESPACE, name: NAME, campaign_id: expect.any(String) }),
    ]);
  });
});
