/** Plans that wait for an owner, and the command that answers them. Pure. */
import type { ScalePlan } from '../operator/api/scale-plan-types.ts';
import { SCALED_TIERS } from '../operator/plan/observed.ts';
import { planState } from '../operator/plan/plan-state.ts';
import type { ClusterOptions } from './cluster.ts';
import { ago, clockOf, instantOf, type Zone } from './times.ts';

/** A grant that nobody thinks of again should end by itself. */
const GRANT_MS = 2 * 3_600_000;

/** `-n vouchers --context prod`: the same cluster for the next command. */
export const where = ({ context, kubeconfig }: ClusterOptions, namespace: string): string =>
  [
    `-n ${namespace}`,
    ...(context === undefined ? [] : [`--context ${context}`]),
    ...(kubeconfig === undefined ? [] : [`--kubeconfig ${kubeconfig}`]),
  ].join(' ');

/** When a grant ends of which nobody says it. */
export const defaultGrantEnd = (nowMs: number, closesAtMs: number): number =>
  Math.max(nowMs, Math.min(nowMs + GRANT_MS, closesAtMs));

/** Approval with nothing but kubectl. Whoever runs it signs it: the API server takes no other name. */
export const patchCommand = (plan: ScalePlan, options: ClusterOptions, zone: Zone, untilMs: number): string => {
  const { name, namespace } = plan.metadata;
  const at = where(options, namespace);
  const context = at.replace(`-n ${namespace}`, '').trim();
  const whoami = `$(kubectl auth whoami ${context === '' ? '' : `${context} `}-o jsonpath='{.status.userInfo.username}')`;
  return `kubectl patch scaleplan ${name} ${at} --type merge -p '{"spec":{"decision":{"verdict":"Approved","decidedBy":"'"${whoami}"'","ceilingUntil":"${instantOf(untilMs, zone)}"}}}'`;
};

export const approvalCommand = ({ metadata: { name, namespace } }: ScalePlan, options: ClusterOptions): string =>
  `kubectl voucher approve ${name} ${where(options, namespace)}`;

export const waitingPlans = (plans: readonly ScalePlan[], nowMs: number): readonly ScalePlan[] =>
  plans.filter((plan) => planState(plan, nowMs) === 'Pending');

/** `intake 20, records 6`. */
export const askedFor = ({ spec: { ceilings } }: ScalePlan): string =>
  SCALED_TIERS.flatMap((tier) => (ceilings[tier] === undefined ? [] : [`${tier} ${ceilings[tier]}`])).join(', ');

/** A plan in two lines: what it asks for, until when, and how to answer. */
export const planLines = (plan: ScalePlan, options: ClusterOptions, zone: Zone, nowMs: number): readonly string[] => {
  const expiresAtMs = Date.parse(plan.spec.expiresAt);
  const why = plan.spec.reason === 'Load' ? 'for the crowd that is there' : 'for the forecast';
  return [
    `ScalePlan ${plan.metadata.name} asks for ceilings of ${askedFor(plan)} ${why} and waits until ${clockOf(expiresAtMs, zone, nowMs)} (${ago(expiresAtMs, nowMs)}).`,
    `An owner authorises it with ${approvalCommand(plan, options)}`,
  ];
};
