import { describe, expect, it } from '@jest/globals';
import { Registry } from 'prom-client';
import { createLogger } from '../../../operator/observability/log.ts';
import { createOperatorMetrics } from '../../../operator/observability/metrics.ts';
import { createTickReporter } from '../../../operator/observability/tick-reporter.ts';
import { ReconcileError } from '../../../operator/tick/errors.ts';
import { planTick } from '../../../operator/tick/tick-plan.ts';
import { aCampaign, OPENS_AT_MS } from '../../helpers/a-campaign.ts';
import { planDeps } from '../../helpers/build-options.ts';
import { anObserved, freshReadings } from '../../helpers/observed.ts';

const setUp = () => {
  const registry = new Registry();
  const lines: Record<string, unknown>[] = [];
  const log = createLogger({ level: 'info', destination: { write: (line) => void lines.push(JSON.parse(line)) } });
  return { registry, lines, reporter: createTickReporter(log, createOperatorMetrics(registry)) };
};
const readMetric = async (registry: Registry, name: string, labels: Record<string, string>) => {
  const metric = await registry.getSingleMetric(name)?.get();
  return metric?.values.find((value) => Object.entries(labels).every(([label, text]) => value.labels[label] === text))
    ?.value;
};

describe('the tick reporter', () => {
  const campaign = aCampaign();
  const readings = freshReadings(OPENS_AT_MS - 2_000, { arrivals: 14_000 });
  const planned = planTick(campaign, anObserved({ readings }), OPENS_AT_MS, planDeps);

  it('tells what a tick saw and wanted, per tier, and how old the signals were', async () => {
    const { registry, reporter } = setUp();
    reporter.planned(campaign, planned, readings, OPENS_AT_MS);
    const intake = { namespace: 'vouchers', campaign: 'chengdu', tier: 'intake' };
    expect(await readMetric(registry, 'voucher_operator_ready_replicas', intake)).toBe(2);
    expect(await readMetric(registry, 'voucher_operator_desired_replicas', intake)).toBe(20);
    expect(await readMetric(registry, 'voucher_operator_ceiling_replicas', intake)).toBe(20);
    expect(await readMetric(registry, 'voucher_operator_wanted_replicas', intake)).toBe(65);
    expect(await readMetric(registry, 'voucher_operator_signal_age_seconds', { signal: 'arrivals' })).toBe(2);
  });

  it('shows no age for a signal that is absent, not even an old one', async () => {
    const { registry, reporter } = setUp();
    reporter.planned(campaign, planned, readings, OPENS_AT_MS);
    reporter.planned(campaign, planned, { arrivals: { kind: 'absent' }, backlog: {} }, OPENS_AT_MS);
    expect(await readMetric(registry, 'voucher_operator_signal_age_seconds', { signal: 'arrivals' })).toBeUndefined();
  });

  it('counts failures by kind and logs each with its cause', async () => {
    const { registry, lines, reporter } = setUp();
    reporter.failed(campaign, new ReconcileError('scale', 'scale chengdu-intake to 9', new Error('refused')));
    expect(await readMetric(registry, 'voucher_operator_reconcile_errors_total', { kind: 'scale' })).toBe(1);
    expect(lines).toEqual([
      expect.objectContaining({
        level: 'error',
        kind: 'scale',
        campaign: 'chengdu',
        msg: 'a step of a tick failed',
      }),
    ]);
    expect(JSON.stringify(lines)).toContain('scale chengdu-intake to 9: refused');
  });

  it('forgets the series of a campaign that is gone', async () => {
    const { registry, reporter } = setUp();
    reporter.planned(campaign, planned, readings, OPENS_AT_MS);
    reporter.forgotten(campaign);
    expect(await registry.metrics()).not.toContain('campaign="chengdu"');
  });
});
