/** Plays one trace with one policy and counts what the verdict is about. */
import { POLICY_FACTORIES } from '../../../simulation/policies/policies.ts';
import type { PolicyFactory, PolicyName } from '../../../simulation/policies/policy.ts';
import { simulate } from '../../../simulation/simulate.ts';
import type { TraceCase } from './cases.ts';
import { SABOTAGES } from './sabotage.ts';
import { type Watched, watched } from './watched.ts';

export interface Figures {
  /** Citizens who waited more than 5 s. */
  readonly late: number;
  /** Of both tiers, to the second in which the trace is over and no one waits. */
  readonly podSeconds: number;
  /** How often replicas turned from rising to falling or back, of the worse tier, per hour. */
  readonly turnsPerHour: number;
  readonly waitP99Seconds: number;
}

export const SABOTAGE_NAMES = ['always-the-maximum', 'drops-at-once', 'counts-returns-as-arrivals'] as const;
export type SabotageName = (typeof SABOTAGE_NAMES)[number];
export const RIVALS = ['keda-expert', 'keda-expert-1s', 'keda-default', 'hpa-default', 'no-autoscaler'] as const;
export type Contestant = PolicyName | SabotageName;

/** KEDA's HPA looks every 15 s, and no one chooses when: the mean over five of the fifteen phases. */
const PHASES: readonly number[] = [1, 4, 7, 10, 13];
const MIDDLE = 7;
/** A single change of direction in half an hour is not two an hour. */
const LEAST_HOURS = 1;

export const playPolicy = (
  { spec, trace, plant, start }: TraceCase,
  policy: PolicyName,
  factory: PolicyFactory,
  phaseSeconds: number,
): Figures => {
  const tiers: Watched[] = [];
  const { lateOver5Seconds, podSeconds, waitP99Seconds } = simulate(spec, trace, plant, {
    policy,
    newPolicy: watched(factory, tiers),
    phaseSeconds,
    ...(start === undefined ? {} : { start }),
  });
  const turnsPerHour = Math.max(...tiers.map(({ turns, seconds }) => turns / Math.max(LEAST_HOURS, seconds / 3_600)));
  return { late: lateOver5Seconds, podSeconds, turnsPerHour, waitP99Seconds };
};

const meanOf = (all: readonly Figures[]): Figures => {
  const mean = (key: keyof Figures): number => all.reduce((sum, one) => sum + one[key], 0) / all.length;
  return {
    late: mean('late'),
    podSeconds: mean('podSeconds'),
    turnsPerHour: mean('turnsPerHour'),
    waitP99Seconds: mean('waitP99Seconds'),
  };
};

const isSabotage = (name: Contestant): name is SabotageName => name in SABOTAGES;

export const play = (trace: TraceCase, name: Contestant): Figures => {
  if (isSabotage(name)) return playPolicy(trace, 'voucher-operator', SABOTAGES[name], MIDDLE);
  const phases = name === 'keda-expert' ? PHASES : [MIDDLE];
  return meanOf(phases.map((phase) => playPolicy(trace, name, POLICY_FACTORIES[name], phase)));
};
