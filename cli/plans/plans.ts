/** Plans that wait for an owner, and the command that answers them. Pure. */
import { instantMs } from '../../contract/instant.ts';
import type { ScalePlan } from '../../contract/scale-plan-types.ts';
import { planState } from '../../operator/scale-plans/plan-state.ts';
import { grantOf } from '../../operator/scaling/grants.ts';
import { SCALED_TIERS } from '../../operator/tick/observed.ts';
import type { ClusterOptions } from '../cluster.ts';
import { ago, clockOf, instantOf, type Zone } from '../times.ts';

/** A grant that nobody thinks of again should end by itself. */
const GRANT_MS = 2 * 3_600_000;

/** `-n vouchers --context prod`: the same cluster for the next command. */
export const where = ({ context, kubeconfig }: ClusterOptions, namespace: string): string =>
  [
    `-n ${namespace}`,
    ...(context === undefined ? [] : [`--context ${context}`]),
    ...(kubeconfig === undefined ? [] : [`--kubeconfig ${kubeconfig}`]),
  ].join(' ');

/** Of the campaign that a plan is for. */
export interface PlanTimes {
  readonly zone: Zone;
  readonly closesAtMs: number;
  /** When the forecast's replicas may begin to go. */
  readonly holdAfterOpenUntilMs: number;
}

/** When a grant ends of which nobody says it: in two hours; for the forecast, which may be days ahead, when its hold ends. */
export const defaultGrantEnd = (
  { spec }: ScalePlan,
  { closesAtMs, holdAfterOpenUntilMs }: Omit<PlanTimes, 'zone'>,
  nowMs: number,
): number =>
  Math.max(nowMs, Math.min(spec.reason === 'Forecast' ? holdAfterOpenUntilMs : nowMs + GRANT_MS, closesAtMs));

/** With nothing but kubectl. Whoever runs it signs it: the API server takes no other name. */
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

/** Whose grants raise a ceiling now; another approved one is over. */
export const grantsInForce = (plans: readonly ScalePlan[], nowMs: number): readonly ScalePlan[] =>
  plans.filter((plan) => SCALED_TIERS.some((tier) => grantOf(plan, tier, nowMs) !== undefined));

/** `intake 20, records 6`. */
export const askedFor = ({ spec: { ceilings } }: ScalePlan): string =>
  SCALED_TIERS.flatMap((tier) => (ceilings[tier] === undefined ? [] : [`${tier} ${ceilings[tier]}`])).join(', ');

/** A plan in two lines: what it asks for, until when, and how to answer. */
export const planLines = (plan: ScalePlan, options: ClusterOptions, zone: Zone, nowMs: number): readonly string[] => {
  const expiresAtMs = instantMs(plan.spec.expiresAt);
  const why = plan.spec.reason === 'Load' ? 'for the crowd that is there' : 'for the forecast';
  return [
    `ScalePlan ${plan.metadata.name} asks for ceilings of ${askedFor(plan)} ${why} and waits until ${clockOf(expiresAtMs, zone, nowMs)} (${ago(expiresAtMs, nowMs)}).`,
    `An owner authorises it with ${approvalCommand(plan, options)}`,
  ];
};

/** `li.wei for Bureau of Commerce`; a dash for nobody. */
export const decidedText = ({ spec: { decision } }: ScalePlan): string =>
  decision === undefined
    ? '-'
    : `${decision.decidedBy}${decision.onBehalfOf === undefined ? '' : ` for ${decision.onBehalfOf}`}`;
