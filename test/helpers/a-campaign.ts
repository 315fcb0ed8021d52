/** A valid campaign as the API server returns it; a test sets only what differs. */

import { API_VERSION } from '../../contract/names.ts';
import { entryOf, perTier, type Tier, tiersOf } from '../../contract/tiers.ts';
import type { VoucherCampaign, VoucherCampaignSpec } from '../../contract/types/campaign.ts';
import type { Ceilings } from '../../contract/types/common.ts';
import type { ScalingSpec } from '../../contract/types/scaling.ts';

export const OPENS_AT_MS = Date.parse('2020-09-25T02:00:00.000Z');
export const CLOSES_AT_MS = Date.parse('2020-09-25T10:00:00.000Z');

const scaling: ScalingSpec = {
  mode: 'Auto',
  drainWithin: '30s',
  drain: { mode: 'additive' },
  headroomReplicas: 0,
  peakArrivalsPerSecond: 3500,
  preWarm: { leadTime: '30m' },
  down: { windowSeconds: 300, percentPerMinute: 10, holdAfterOpen: '2h' },
  authorized: {
    ceilings: { ...perTier((tier) => entryOf(tier).defaults.ceiling), intake: 20, records: 4 },
    windows: [],
  },
  tiers: {
    ...perTier(() => ({ min: 2, max: 20, capacityPerReplica: 100 })),
    intake: { min: 2, max: 600, capacityPerReplica: 500 },
    records: { min: 2, max: 20, capacityPerReplica: 5000 },
  },
};

/** Without sources: the list is the last step. */
export const DRAW: VoucherCampaignSpec['draw'] = {
  unverified: 'exclude',
  leadSeconds: 3_600,
  postponeSeconds: 86_400,
  waitlistPercent: 10,
};

export const TRAFFIC: VoucherCampaignSpec['traffic'] = {
  burstSeconds: 1,
  waitingRoom: { enabled: false, preQueueMinutes: 30 },
  limits: { citizenPerMinute: 5, phonePerMinute: 5, devicePerMinute: 20, addressPerMinute: 300 },
  trustedProxies: [],
};

const spec: VoucherCampaignSpec = {
  campaignId: 'chengdu-2020-3',
  title: { 'zh-CN': '成都消费券', en: 'Chengdu vouchers' },
  window: { opensAt: '2020-09-25T10:00:00+08:00', closesAt: '2020-09-25T18:00:00+08:00' },
  identity: { keySpace: 'residentNumber' },
  eligibility: { minAge: 18, uniqueness: 'perCitizen' },
  draw: DRAW,
  vouchers: [
    {
      name: 'dining-50',
      title: { 'zh-CN': '餐饮', en: 'Dining' },
      faceValueFen: 5000,
      minimumSpendFen: 10000,
      quota: 1000,
      validDays: 7,
    },
  ],
  traffic: TRAFFIC,
  privacy: { keySecretName: 'voucher-privacy', deleteAfterDays: 180 },
  dataPlane: { secretName: 'voucher-data-plane', durability: 'Verified' },
  scaling,
  adoptJournal: false,
  deletionPolicy: 'Retain',
};

/** Tiers and ceilings that are left out stay as they are. */
export interface ScalingChanges extends Omit<Partial<ScalingSpec>, 'authorized' | 'tiers'> {
  readonly authorized?: Partial<Omit<ScalingSpec['authorized'], 'ceilings'>> & { readonly ceilings?: Ceilings };
  readonly tiers?: Partial<ScalingSpec['tiers']>;
}

const scalingWith = ({ authorized, tiers, ...changes }: ScalingChanges): ScalingSpec => ({
  ...scaling,
  ...changes,
  authorized: {
    ...scaling.authorized,
    ...authorized,
    ceilings: { ...scaling.authorized.ceilings, ...authorized?.ceilings },
  },
  tiers: { ...scaling.tiers, ...tiers },
});

/** A section with which a campaign has the tier verification. */
export const VERIFICATION: NonNullable<VoucherCampaignSpec['verification']> = {
  secretName: 'voucher-verification',
  providers: [
    { name: 'tencent', type: 'TencentIdCard', requestsPerSecond: 100, timeZone: 'Asia/Shanghai', order: 1, weight: 1 },
  ],
};

/** As a release stored it that had only the tiers which every campaign has. */
export const ofAnOlderRelease = (campaign: VoucherCampaign): VoucherCampaign => {
  const { scaling } = campaign.spec;
  const kept = <T>(of: Readonly<Record<Tier, T>>): Readonly<Record<Tier, T>> =>
    // Their types say what the API server fills in today.
    Object.fromEntries(Object.entries(of).filter(([tier]) => tiersOf({}).some((one) => one === tier))) as typeof of;
  const authorized = { ...scaling.authorized, ceilings: kept(scaling.authorized.ceilings) };
  return { ...campaign, spec: { ...campaign.spec, scaling: { ...scaling, authorized, tiers: kept(scaling.tiers) } } };
};

export interface CampaignChanges {
  readonly metadata?: Partial<VoucherCampaign['metadata']>;
  readonly spec?: Partial<Omit<VoucherCampaignSpec, 'scaling'>>;
  readonly scaling?: ScalingChanges;
  readonly status?: VoucherCampaign['status'];
}

export const aCampaign = (changes: CampaignChanges = {}): VoucherCampaign => ({
  apiVersion: API_VERSION,
  kind: 'VoucherCampaign',
  metadata: { name: 'chengdu', namespace: 'vouchers', uid: 'uid-1', generation: 1, ...changes.metadata },
  spec: { ...spec, ...changes.spec, scaling: scalingWith(changes.scaling ?? {}) },
  ...(changes.status === undefined ? {} : { status: changes.status }),
});

/** Without a forecast: the field is absent, as the API server would return it. */
export const withoutForecast = (campaign: VoucherCampaign): VoucherCampaign => {
  const { peakArrivalsPerSecond: _, ...rest } = campaign.spec.scaling;
  return { ...campaign, spec: { ...campaign.spec, scaling: rest } };
};
