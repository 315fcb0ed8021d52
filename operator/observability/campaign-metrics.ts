/**
 * What the operator knows of its campaigns, as metrics: conditions, times, rates, and the terms of each tier's decision. Samples are of
 * the last tick. Only the leading process has them, and a campaign's vanish with it.
 */
import { setImmediate } from 'node:timers/promises';
import type { Registry } from 'prom-client';
import { instantMs } from '../../contract/instant.ts';
import { METRIC_SECTIONS } from '../../contract/metrics/metrics.ts';
import type { Reading } from '../../contract/reading.ts';
import { type Tier, tiersOf } from '../../contract/tiers.ts';
import type { VoucherCampaign, VoucherCampaignStatus } from '../../contract/types/campaign.ts';
import { sampledGauge } from '../../runtime/metrics.ts';
import { lastValue } from '../scaling/demand.ts';
import { attemptedOf, type CampaignReadings } from '../signals/readings.ts';
import { campaignKey } from '../tick/campaign-state.ts';
import type { TickPlan } from '../tick/tick-plan.ts';
import { type DecisionTerms, termsOf } from './decision-terms.ts';

type Planned = Pick<TickPlan, 'tiers' | 'status' | 'liveSettings'>;
type CampaignGauge = Exclude<
  keyof (typeof METRIC_SECTIONS)['Campaigns, as the operator sees them'],
  'voucher_campaign_info' | 'voucher_campaign_condition' | 'voucher_campaign_signal_age_seconds'
>;

interface Seen {
  readonly labels: { readonly namespace: string; readonly name: string };
  /** Undefined: no tick has decided anything yet. */
  readonly info?: { readonly campaign_id: string; readonly mode: string; readonly stage: string };
  readonly conditions: NonNullable<VoucherCampaignStatus['conditions']>;
  readonly numbers: Readonly<Partial<Record<CampaignGauge, number | undefined>>>;
  /** An absent reading has no age; an old number would look healthy. */
  readonly ages: Readonly<Partial<Record<'arrivals' | 'backlog', number | undefined>>>;
  readonly tiers: readonly { readonly tier: Tier; readonly limitedBy: string; readonly terms: DecisionTerms }[];
}

const ageOf = (reading: Reading<unknown> | undefined, nowMs: number): number | undefined =>
  reading === undefined || reading.kind === 'absent' ? undefined : Math.max(0, nowMs - reading.atMs) / 1000;

const secondsOf = (instant: string | undefined): number | undefined =>
  instant === undefined ? undefined : instantMs(instant) / 1000;

const numbersOf = (
  { spec }: VoucherCampaign,
  { status, liveSettings }: Planned,
  readings: CampaignReadings,
): Seen['numbers'] => {
  const closesAt = Math.max(instantMs(spec.window.closesAt) / 1000, secondsOf(status.closesAt) ?? 0);
  const shedPercent = lastValue(readings.shedPercent);
  return {
    voucher_campaign_opens_timestamp_seconds: secondsOf(spec.window.opensAt),
    voucher_campaign_closes_timestamp_seconds: closesAt,
    voucher_campaign_freeze_due_timestamp_seconds: Math.max(closesAt, secondsOf(spec.draw.verifyBy) ?? 0),
    voucher_campaign_draw_due_timestamp_seconds: secondsOf(status.draw?.notBefore),
    voucher_campaign_deletion_due_timestamp_seconds: secondsOf(status.privacy?.deleteAt),
    voucher_campaign_attempts_per_second: lastValue(attemptedOf(readings)),
    voucher_campaign_shed_ratio: shedPercent === undefined ? undefined : shedPercent / 100,
    voucher_campaign_admission_per_second: liveSettings?.traffic.admissionPerSecond,
    voucher_campaign_waiting_citizens: spec.traffic.waitingRoom.enabled ? (status.waiting?.citizens ?? 0) : undefined,
    voucher_campaign_waiting_seconds: status.waiting?.longestSeconds,
    voucher_campaign_received_registrations: status.counts?.received,
  };
};

const labelsOf = ({ metadata: { namespace, name } }: Pick<VoucherCampaign, 'metadata'>) => ({ namespace, name });

const seenOf = (campaign: VoucherCampaign, planned: Planned, readings: CampaignReadings, nowMs: number): Seen => {
  const { spec } = campaign;
  const { status, tiers } = planned;
  return {
    labels: labelsOf(campaign),
    info: { campaign_id: spec.campaignId, mode: spec.scaling.mode, stage: status.stage ?? '' },
    conditions: status.conditions ?? [],
    numbers: numbersOf(campaign, planned, readings),
    ages: { arrivals: ageOf(readings.arrivals, nowMs), backlog: ageOf(readings.backlog.records, nowMs) },
    tiers: tiersOf(spec).map((tier) => ({
      tier,
      limitedBy: tiers[tier].decision?.limitedBy ?? 'Off',
      terms: termsOf(planned, tier, readings),
    })),
  };
};

export interface CampaignMetrics {
  planned(campaign: VoucherCampaign, planned: Planned, readings: CampaignReadings, nowMs: number): void;
  /** Nothing could be decided: everything but the conditions is of the last tick that was. */
  undecided(campaign: Pick<VoucherCampaign, 'metadata'>, status: VoucherCampaignStatus): void;
  forget(campaign: Pick<VoucherCampaign, 'metadata'>): void;
  /** This process leads no more. */
  clear(): void;
}

const present = <L extends object>(labels: L, value: number | undefined): readonly (readonly [L, number])[] =>
  value === undefined ? [] : [[labels, value]];

/** One gauge after the other, with room for ticks in between: 1,000 campaigns have 70,000 series, 0.3 s of work for each scrape. */
const createTurns = () => {
  let last: Promise<unknown> = Promise.resolve();
  return <T>(work: () => T): Promise<T> => {
    const mine = last.then(() => setImmediate()).then(work);
    last = mine.catch(() => undefined);
    return mine;
  };
};

export const createCampaignMetrics = (registry: Registry): CampaignMetrics => {
  const campaigns = new Map<string, Seen>();
  const inTurn = createTurns();
  const each =
    <L extends string>(of: (seen: Seen) => readonly (readonly [Readonly<Record<L, string>>, number])[]) =>
    () =>
      inTurn(() => [...campaigns.values()].flatMap(of));

  const { 'Campaigns, as the operator sees them': ofCampaign, 'Replicas of a tier, and why': ofTier } = METRIC_SECTIONS;
  const {
    voucher_campaign_info: info,
    voucher_campaign_condition: condition,
    voucher_campaign_signal_age_seconds: age,
    ...numbers
  } = ofCampaign;
  const { voucher_tier_decision_info: decision, ...terms } = ofTier;

  sampledGauge(
    registry,
    info,
    each(({ labels, info: shown }) => (shown === undefined ? [] : [[{ ...labels, ...shown }, 1]])),
  );
  sampledGauge(
    registry,
    condition,
    each(({ labels, conditions }) =>
      conditions.map(({ type, status, reason }) => [{ ...labels, type, status, reason }, 1]),
    ),
  );
  sampledGauge(
    registry,
    age,
    each(({ labels, ages }) =>
      Object.entries(ages).flatMap(([signal, seconds]) => present({ ...labels, signal }, seconds)),
    ),
  );
  for (const gauge of Object.values(numbers)) {
    sampledGauge(
      registry,
      gauge,
      each(({ labels, numbers: of }) => present(labels, of[gauge.name])),
    );
  }
  sampledGauge(
    registry,
    decision,
    each(({ labels, tiers }) => tiers.map(({ tier, limitedBy }) => [{ ...labels, tier, limited_by: limitedBy }, 1])),
  );
  for (const gauge of Object.values(terms)) {
    sampledGauge(
      registry,
      gauge,
      each(({ labels, tiers }) => tiers.flatMap(({ tier, terms: of }) => present({ ...labels, tier }, of[gauge.name]))),
    );
  }

  return {
    planned: (campaign, planned, readings, nowMs) =>
      void campaigns.set(campaignKey(campaign), seenOf(campaign, planned, readings, nowMs)),
    undecided(campaign, { conditions = [] }) {
      const before = campaigns.get(campaignKey(campaign));
      const nothing = { labels: labelsOf(campaign), numbers: {}, ages: {}, tiers: [] };
      campaigns.set(campaignKey(campaign), { ...(before ?? nothing), conditions });
    },
    forget: (campaign) => void campaigns.delete(campaignKey(campaign)),
    clear: () => campaigns.clear(),
  };
};
