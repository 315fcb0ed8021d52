/** A campaign's life as ticks saw it, for tests of its trail. */

import { OVERRIDES } from '../../contract/names.ts';
import type { VoucherCampaign } from '../../contract/types/campaign.ts';
import type { ScalePlan } from '../../contract/types/scale-plan.ts';
import type { GrantUse } from '../../operator/audit/plan-entries.ts';
import type { AuditView } from '../../operator/audit/step-entries.ts';
import { aCampaign, CLOSES_AT_MS, OPENS_AT_MS } from './a-campaign.ts';
import { aScalePlan } from './observed.ts';

export const MINUTE_MS = 60_000;
export const at = (minutes: number): number => OPENS_AT_MS + minutes * MINUTE_MS;
export const instantAt = (minutes: number): string => new Date(at(minutes)).toISOString();

/** Minutes count from opening. */
export const aPlan = (
  uid: string,
  changes: {
    readonly madeAt?: number;
    readonly expiresAt?: number;
    readonly ceilings?: ScalePlan['spec']['ceilings'];
    readonly decision?: ScalePlan['spec']['decision'];
    readonly decidedAt?: number;
    readonly state?: string;
    readonly revocation?: ScalePlan['spec']['revocation'];
    readonly revokedAt?: number;
  } = {},
): ScalePlan => {
  const { madeAt = 1, expiresAt = 16, ceilings = { intake: 40 }, decision, state, revocation } = changes;
  const { decidedAt, revokedAt } = changes;
  const plan = aScalePlan({ name: `chengdu-${uid}`, expiresAtMs: at(expiresAt), ceilings });
  return {
    ...plan,
    metadata: { ...plan.metadata, uid, creationTimestamp: instantAt(madeAt) },
    spec: {
      ...plan.spec,
      ...(decision === undefined ? {} : { decision }),
      ...(revocation === undefined ? {} : { revocation }),
    },
    status: {
      ...(state === undefined ? {} : { state }),
      ...(decidedAt === undefined ? {} : { decidedAt: instantAt(decidedAt) }),
      ...(revokedAt === undefined ? {} : { revokedAt: instantAt(revokedAt) }),
    },
  };
};

export const approval = (untilMinutes: number): NonNullable<ScalePlan['spec']['decision']> => ({
  verdict: 'Approved',
  decidedBy: 'duty@city.example',
  onBehalfOf: 'Bureau of Commerce',
  reference: 'CD-17',
  ceilingUntil: instantAt(untilMinutes),
});

export const aView = (changes: Partial<AuditView> & { readonly minutes: number }): AuditView => {
  const { minutes, ...given } = changes;
  return {
    campaign: campaignWith({}),
    site: 'default',
    status: minutes >= 0 ? { openedAt: instantAt(0) } : {},
    plans: [],
    uses: [],
    gonePlans: new Set(),
    nowMs: at(minutes),
    ...given,
  };
};

export const campaignWith = ({
  intake = 20,
  windows = [],
  annotations,
  closesAt,
}: {
  readonly intake?: number;
  readonly windows?: VoucherCampaign['spec']['scaling']['authorized']['windows'];
  readonly annotations?: Readonly<Record<string, string>>;
  readonly closesAt?: string;
}): VoucherCampaign => {
  const campaign = aCampaign({
    metadata: { creationTimestamp: instantAt(-60), ...(annotations === undefined ? {} : { annotations }) },
    scaling: { authorized: { ceilings: { intake }, windows } },
  });
  if (closesAt === undefined) return campaign;
  return { ...campaign, spec: { ...campaign.spec, window: { ...campaign.spec.window, closesAt } } };
};

const uses: readonly GrantUse[] = [
  { planUid: 'p1', plan: 'chengdu-p1', tier: 'intake', from: 20, to: 31, ceiling: 40, atMs: at(4) },
];
const decided = aPlan('p1', { decision: approval(90), decidedAt: 3 });
const paused = { [OVERRIDES.paused]: instantAt(30) };
const refusal = { verdict: 'Rejected', decidedBy: 'owner@city.example', reason: 'the database is full' } as const;

const revocation = { revokedBy: 'owner@city.example', reference: 'CD-18', reason: 'the crowd has gone' };

const narrowDoor = {
  name: 'narrow-door',
  since: instantAt(66),
  by: 'Command' as const,
  who: 'li.wei',
  reason: 'the database is slow',
};

const minutes: readonly AuditView[] = [
  aView({ minutes: -50 }),
  aView({ minutes: -40, campaign: campaignWith({ intake: 25 }) }),
  aView({ minutes: 0, campaign: campaignWith({}) }),
  aView({ minutes: 2, plans: [aPlan('p1')] }),
  aView({ minutes: 4, plans: [decided] }),
  aView({ minutes: 5, plans: [decided], uses }),
  aView({
    minutes: 10,
    plans: [decided, aPlan('p2', { madeAt: 9, expiresAt: 24 })],
    campaign: campaignWith({ annotations: paused }),
  }),
  aView({
    minutes: 31,
    plans: [decided, aPlan('p2', { madeAt: 9, expiresAt: 24 })],
    campaign: campaignWith({ annotations: paused }),
  }),
  aView({ minutes: 60, plans: [decided, aPlan('p3', { madeAt: 55, expiresAt: 70, state: 'Superseded' })] }),
  aView({
    minutes: 67,
    plans: [decided],
    status: { openedAt: instantAt(0), contingency: [narrowDoor] },
  }),
  aView({
    minutes: 100,
    plans: [decided, aPlan('p4', { madeAt: 95, expiresAt: 110, decision: refusal, decidedAt: 99 })],
    gonePlans: new Set(['p3']),
  }),
  aView({
    minutes: 130,
    plans: [
      decided,
      aPlan('p5', { madeAt: 110, expiresAt: 125, decision: approval(180), decidedAt: 126 }),
      aPlan('p6', { madeAt: 111, expiresAt: 126, decision: approval(180), decidedAt: 120, revocation, revokedAt: 129 }),
    ],
  }),
  aView({ minutes: (CLOSES_AT_MS - OPENS_AT_MS) / MINUTE_MS + 1, plans: [decided] }),
];

/** Every step that there is, as a leader sees it minute by minute; each time the API server has a newer version. */
export const HISTORY: readonly AuditView[] = minutes.map((view, n) => {
  const { campaign } = view;
  return { ...view, campaign: { ...campaign, metadata: { ...campaign.metadata, resourceVersion: String(99 + n) } } };
});

/** The same of a campaign of this id. */
export const historyOf = (campaignId: string): readonly AuditView[] =>
  HISTORY.map((view) => {
    const { campaign } = view;
    return { ...view, campaign: { ...campaign, spec: { ...campaign.spec, campaignId } } };
  });
