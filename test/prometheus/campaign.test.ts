/** A real Prometheus scrapes a running campaign: every rule evaluates, and the metrics that rules name exist. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import type { Metric } from '../../contract/metrics/metric.ts';
import { METRIC_SECTIONS } from '../../contract/metrics/metrics.ts';
import { TIERS } from '../../contract/tiers.ts';
import { ensurePrometheus } from '../../local/binaries/prometheus.ts';
import type { Stack } from '../../local/stack.ts';
import { SCALER_READS } from '../../observability/alerts/scaling.ts';
import { ruleGroups } from '../../observability/rules.ts';
import { registerPatiently } from '../helpers/citizen-client.ts';
import { eventually, eventuallyHolds } from '../helpers/eventually.ts';
import { namedIn } from '../helpers/promql.ts';
import { startPrometheus, type Target } from '../helpers/rules-in-prometheus.ts';
import { withStack } from '../helpers/with-stack.ts';

const METRICS: readonly Metric[] = Object.values(METRIC_SECTIONS).flatMap((section) => Object.values(section));
const programs = await ensurePrometheus({ signal: new AbortController().signal, progress: () => undefined });

/** Of a cluster: embedded mode has neither API server nor lease. */
const OF_A_CLUSTER = [
  'voucher_operator_leading',
  'voucher_operator_queue_campaigns',
  'voucher_operator_ticks_total',
  'voucher_operator_tick_delay_seconds_bucket',
  'voucher_operator_watch_quiet_seconds',
  'namespace:voucher_operator_tick_delay_seconds:p90_5m',
];
/** Of faults, and of what this campaign does not have. */
const NOT_IN_A_GOOD_RUN = [
  'voucher_operator_reconcile_errors_total',
  'voucher_operator_namespaces_not_served',
  'voucher_campaign_draw_due_timestamp_seconds',
  'voucher_campaign_waiting_seconds',
];

const tierOf = (pod: string): string | undefined => [...TIERS, 'compare'].find((tier) => pod.includes(`-${tier}-`));

const targetsOf = async (stack: Stack, changed: (page: string) => string): Promise<readonly Target[]> =>
  (await stack.metrics()).map(({ name: pod }) => {
    const tier = tierOf(pod);
    return {
      job: pod,
      labels: tier === undefined ? {} : { namespace: 'default', name: 'test', tier, pod },
      page: async () => changed((await stack.metrics()).find(({ name }) => name === pod)?.text ?? ''),
    };
  });

/** Metrics of ours on a page that the table does not have, or has for another process or with another type. */
const strangersOn = (process: string, page: string): readonly string[] =>
  [...page.matchAll(/^# TYPE (voucher_\S+) (\S+)$/gm)]
    .filter(
      ([, name, type]) =>
        !METRICS.some(
          (known) => known.name === name && known.type === type && known.exposedBy.some((one) => one === process),
        ),
    )
    .map(([, name = '']) => `${process}: ${name}`);

it('is what Prometheus sees of a campaign', async () => {
  const pods = { min: 1, max: 1, capacityPerReplica: 500 };
  await withStack({ intake: pods, records: pods }, AbortSignal.timeout(280_000), async (stack, stateDir) => {
    await registerPatiently(stack.url, 1);
    const pages = await stack.metrics();
    expect(pages.flatMap(({ name, text }) => strangersOn(tierOf(name) ?? 'operator', text))).toEqual([]);
    expect(strangersOn('records', '# TYPE voucher_strange_total counter\n')).toHaveLength(1);

    let hidden = '';
    const hide = (page: string): string =>
      hidden === ''
        ? page
        : page
            .split('\n')
            .filter((line) => !line.includes(hidden))
            .join('\n');
    const dir = join(stateDir, 'prometheus');
    await mkdir(dir);
    await using prometheus = await startPrometheus(programs, await targetsOf(stack, hide), dir);

    await eventually(
      async () => {
        const rules = await prometheus.rules();
        expect(rules.filter(({ lastError = '' }) => lastError !== '')).toEqual([]);
        return rules.length > 40 && rules.every(({ health }) => health === 'ok');
      },
      { what: 'every rule to be evaluated' },
    );

    const named = new Set(
      ruleGroups().groups.flatMap(({ rules }) => rules.flatMap(({ expr }) => namedIn(expr).metrics)),
    );
    const expected = [...named].filter((name) => ![...OF_A_CLUSTER, ...NOT_IN_A_GOOD_RUN].includes(name));
    expect(expected.length).toBeGreaterThan(25);
    let citizen = 1;
    await eventuallyHolds(
      async () => {
        // Ratios are of citizens who come while Prometheus looks.
        citizen += 1;
        await registerPatiently(stack.url, citizen);
        const found = await Promise.all(expected.map((name) => prometheus.query(`count({__name__="${name}"})`)));
        expect(expected.filter((_, at) => found[at]?.length === 0)).toEqual([]);
      },
      { what: 'every metric that rules name', everyMs: 500 },
    );

    const active = async (): Promise<readonly (string | undefined)[]> =>
      (await prometheus.query('ALERTS{alertname!="VoucherOperatorNoLeader"}')).map(({ labels }) =>
        `${labels['alertname']} ${labels['metric'] ?? labels['reason'] ?? ''}`.trim(),
      );
    await eventuallyHolds(async () => expect(await active()).toEqual([]), { what: 'silence' });
    [hidden = ''] = SCALER_READS;
    await eventuallyHolds(async () => expect(await active()).toContain(`VoucherScalingMetricAbsent ${hidden}`), {
      what: 'the alert on a metric that is gone',
    });
  });
});
