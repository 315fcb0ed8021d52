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
    const intake = { namespace: 'vouchers', name: 'chengdu', tier: 'intake' };
    expect(await readMetric(registry, 'voucher_tier_ready_replicas', intake)).toBe(2);
    expect(await readMetric(registry, 'voucher_tier_desired_replicas', intake)).toBe(20);
    expect(await readMetric(registry, 'voucher_tier_ceiling_replicas', intake)).toBe(20);
    expect(await readMetric(registry, 'voucher_tier_wanted_replicas', intake)).toBe(65);
    expect(await readMetric(registry, 'voucher_campaign_signal_age_seconds', { signal: 'arrivals' })).toBe(2);
  });

  it('shows the terms of each decision, so that a graph shows why', async () => {
    const { registry, reporter } = setUp();
    reporter.planned(campaign, planned, readings, OPENS_AT_MS);
    const intake = { namespace: 'vouchers', name: 'chengdu', tier: 'intake' };
    const of = (term: string) => readMetric(registry, `voucher_tier_${term}`, intake);
    const [base = 0, lateness = 0] = [await of('base_replicas'), await of('lateness_replicas')];
    expect(base + lateness).toBe(65);
    expect([await of('written_replicas'), await of('hold_replicas'), await of('current_replicas')]).toEqual([20, 0, 2]);
    expect(await readMetric(registry, 'voucher_tier_decision_info', { ...intake, limited_by: 'Ceiling' })).toBe(1);
  });

  it('shows each condition once, with its present status and reason', async () => {
    const { registry, reporter } = setUp();
    reporter.planned(campaign, planned, readings, OPENS_AT_MS);
    const types = async () =>
      (await registry.getSingleMetric('voucher_campaign_condition')?.get())?.values.map(({ labels, value }) => [
        labels['type'],
        labels['reason'],
        value,
      ]);
    const conditions = planned.status.conditions ?? [];
    expect(await types()).toEqual(conditions.map(({ type, reason }) => [type, reason, 1]));
    const ready = {
      type: 'Ready',
      status: 'False',
      reason: 'TickFailed',
      message: '',
      lastTransitionTime: '',
    } as const;
    reporter.undecided(campaign, { conditions: [ready] });
    expect(await types()).toEqual([['Ready', 'TickFailed', 1]]);
    expect(await readMetric(registry, 'voucher_tier_ready_replicas', { tier: 'intake' })).toBe(2);
  });

  it('shows the condition of a campaign for which nothing was ever decided', async () => {
    const { registry, reporter } = setUp();
    const ready = {
      type: 'Ready',
      status: 'False',
      reason: 'SpecUnreadable',
      message: '',
      lastTransitionTime: '',
    } as const;
    reporter.undecided(campaign, { conditions: [ready] });
    expect(await readMetric(registry, 'voucher_campaign_condition', { reason: 'SpecUnreadable' })).toBe(1);
    expect(await readMetric(registry, 'voucher_campaign_info', {})).toBeUndefined();
  });

  it('shows no age for a signal that is absent, not even an old one', async () => {
    const { registry, reporter } = setUp();
    reporter.planned(campaign, planned, readings, OPENS_AT_MS);
    reporter.planned(campaign, planned, { arrivals: { kind: 'absent' }, backlog: {} }, OPENS_AT_MS);
    expect(await readMetric(registry, 'voucher_campaign_signal_age_seconds', { signal: 'arrivals' })).toBeUndefined();
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
    expect(await registry.metrics()).not.toContain('name="chengdu"');
  });
});
