/** Plans, and the commands that answer them. Pure. */
import { instantMs } from '../../contract/instant.ts';
import { TIERS } from '../../contract/tiers.ts';
import type { ScalePlan } from '../../contract/types/scale-plan.ts';
import { ceilingsText, personText, planState } from '../../operator/scale-plans/plan-state.ts';
import { grantOf } from '../../operator/scaling/grants.ts';
import { campaignTimes } from '../../operator/tick/campaign-times.ts';
import { closesAtOf } from '../closing.ts';
import type { Cluster, ClusterOptions } from '../cluster.ts';
import { UsageError } from '../errors.ts';
import { ago, clockOf, instantOf, type Zone, zoneOf } from '../times.ts';

/** A grant should end by itself. */
const GRANT_MS = 2 * 3_600_000;

/** `-n vouchers --context prod`: the same cluster for the next command. */
export const where = ({ context, kubeconfig }: ClusterOptions, namespace: string): string =>
  [
    `-n ${namespace}`,
    ...(context === undefined ? [] : [`--context ${context}`]),
    ...(kubeconfig === undefined ? [] : [`--kubeconfig ${kubeconfig}`]),
  ].join(' ');

export interface PlanTimes {
  readonly zone: Zone;
  readonly closesAtMs: number;
  /** How long what is authorised for the forecast is needed. */
  readonly forecastUntilMs: number;
}

/** The default end of a grant: in two hours; for the forecast, which may be days ahead, two hours after opening. */
export const defaultGrantEnd = (
  { spec }: ScalePlan,
  { closesAtMs, forecastUntilMs }: Omit<PlanTimes, 'zone'>,
  nowMs: number,
): number => Math.max(nowMs, Math.min(spec.reason === 'Forecast' ? forecastUntilMs : nowMs + GRANT_MS, closesAtMs));

/** With kubectl alone. The caller signs it: the API server accepts no other name. */
const patchCommand = (
  plan: ScalePlan,
  options: ClusterOptions,
  answer: (whoami: string) => Readonly<Record<string, unknown>>,
): string => {
  const { name, namespace } = plan.metadata;
  const at = where(options, namespace);
  const context = at.replace(`-n ${namespace}`, '').trim();
  const whoami = `$(kubectl auth whoami ${context === '' ? '' : `${context} `}-o jsonpath='{.status.userInfo.username}')`;
  return `kubectl patch scaleplan ${name} ${at} --type merge -p '${JSON.stringify({ spec: answer('WHOAMI') }).replace('WHOAMI', `'"${whoami}"'`)}'`;
};

export const approvalPatch = (plan: ScalePlan, options: ClusterOptions, zone: Zone, untilMs: number): string =>
  patchCommand(plan, options, (decidedBy) => ({
    decision: { verdict: 'Approved', decidedBy, ceilingUntil: instantOf(untilMs, zone) },
  }));

export const revocationPatch = (plan: ScalePlan, options: ClusterOptions): string =>
  patchCommand(plan, options, (revokedBy) => ({ revocation: { revokedBy, reason: 'WHY' } }));

export const approvalCommand = ({ metadata: { name, namespace } }: ScalePlan, options: ClusterOptions): string =>
  `kubectl voucher approve ${name} ${where(options, namespace)}`;

export const waitingPlans = (plans: readonly ScalePlan[], nowMs: number): readonly ScalePlan[] =>
  plans.filter((plan) => planState(plan, nowMs) === 'Pending');

/** Whose grants raise a ceiling now. */
export const grantsInForce = (plans: readonly ScalePlan[], nowMs: number): readonly ScalePlan[] =>
  plans.filter((plan) => TIERS.some((tier) => grantOf(plan, tier, nowMs) !== undefined));

/** `intake 20, records 6`. */
export const askedFor = ({ spec: { ceilings } }: ScalePlan): string => ceilingsText(ceilings);

export const reasonText = ({ spec: { reason } }: ScalePlan): string =>
  reason === 'Load' ? 'for the present load' : 'for the forecast';

/** A plan in two lines: its request, its expiry, and how to answer. */
export const planLines = (plan: ScalePlan, options: ClusterOptions, zone: Zone, nowMs: number): readonly string[] => {
  const expiresAtMs = instantMs(plan.spec.expiresAt);
  return [
    `ScalePlan ${plan.metadata.name} asks for ceilings of ${askedFor(plan)} ${reasonText(plan)} and waits until ${clockOf(expiresAtMs, zone, nowMs)} (${ago(expiresAtMs, nowMs)}).`,
    `An owner authorises it with ${approvalCommand(plan, options)}`,
  ];
};

/** `li.wei for Bureau of Commerce`; a dash without a decision. */
export const decidedText = ({ spec: { decision } }: ScalePlan): string =>
  decision === undefined ? '-' : personText(decision.decidedBy, decision.onBehalfOf);

const HOLD_MS = 2 * 3_600_000;

/** The time zone and times of the campaign, while it exists; a plan outlives it. */
export const planTimesOf = async (cluster: Cluster, { spec }: ScalePlan): Promise<PlanTimes> => {
  const campaign = await cluster.campaign(spec.campaignName).catch((error: unknown) => {
    if (error instanceof UsageError) return undefined;
    throw error;
  });
  if (campaign === undefined) {
    return {
      zone: zoneOf(spec.expiresAt),
      closesAtMs: Number.POSITIVE_INFINITY,
      forecastUntilMs: instantMs(spec.expiresAt) + HOLD_MS,
    };
  }
  const { spec: stated } = campaign;
  const window = { ...stated.window, closesAt: closesAtOf(campaign) };
  const { closesAtMs, forecastUntilMs } = campaignTimes({ ...stated, window });
  return { zone: zoneOf(window.opensAt), closesAtMs, forecastUntilMs };
};
