/** What the law must reach on the traces, and where it does not. Pure. */
import type { Figures } from './play.ts';

/** One trace as the verdict needs it. */
export interface Contest {
  readonly name: string;
  readonly law: Figures;
  /** KEDA set up by an expert, mean over its phases. */
  readonly expert: Figures;
  /** The same with an HPA that looks each second. */
  readonly eachSecond: Figures;
  /** Late with the ceiling's replicas from the beginning: no policy has fewer. */
  readonly unavoidable: number;
}

export interface Check {
  readonly goal: string;
  readonly measured: string;
  readonly holds: boolean;
}

const MOST_TURNS_PER_HOUR = 2;
const FEW = 50;

export const lateLimit = (late: number): number => late + Math.max(FEW, 0.01 * late);

/** The goals of one trace that the law misses on it. */
export const lostOn = ({ law, expert }: Contest): readonly string[] => [
  ...(law.late > lateLimit(expert.late) ? ['late'] : []),
  ...(law.turnsPerHour > MOST_TURNS_PER_HOUR ? ['turns'] : []),
];

/**
 * Geometric mean over the traces on which citizens wait; a small crowd counts as much as a large one. On these a law that
 * takes returns for a larger crowd asks for pods that come too late; the sum over all traces hides them. With five seeds
 * such a law took 1.00 to 1.15 × keda-expert, and the law that tells returns apart 0.73 to 0.89 ×.
 */
const podsWhereCitizensWait = (contests: readonly Contest[]): number | undefined => {
  const waiting = contests.filter(({ expert }) => expert.late > FEW);
  if (waiting.length === 0) return undefined;
  const logs = waiting.map(({ law, expert }) => Math.log(law.podSeconds / expert.podSeconds));
  return Math.exp(logs.reduce((sum, log) => sum + log, 0) / logs.length);
};

const count = (value: number): string => Math.round(value).toLocaleString('en-US');

export const verdictOf = (contests: readonly Contest[]): readonly Check[] => {
  const sum = (of: (contest: Contest) => number): number => contests.reduce((total, one) => total + of(one), 0);
  const lost = (goal: string): readonly string[] =>
    contests.filter((contest) => lostOn(contest).includes(goal)).map(({ name }) => name);
  const named = (names: readonly string[]): string =>
    names.length === 0 ? 'none' : `${names.length}: ${names.join(' ')}`;
  // A ceiling that binds makes the same citizens late for all; they would hide who is better.
  const late = {
    law: sum(({ law, unavoidable }) => law.late - unavoidable),
    expert: sum(({ expert, unavoidable }) => expert.late - unavoidable),
    eachSecond: sum(({ eachSecond, unavoidable }) => eachSecond.late - unavoidable),
  };
  const pods = {
    law: sum(({ law }) => law.podSeconds),
    expert: sum(({ expert }) => expert.podSeconds),
    eachSecond: sum(({ eachSecond }) => eachSecond.podSeconds),
  };
  const where = podsWhereCitizensWait(contests);
  return [
    {
      goal: 'late ≤ keda-expert + max(50, 1 %) on every trace; lost on',
      measured: named(lost('late')),
      holds: lost('late').length === 0,
    },
    {
      goal: 'avoidable late ≤ 0.8 × keda-expert in sum',
      measured: `${count(late.law)} of ${count(late.expert)}`,
      holds: late.law <= 0.8 * late.expert,
    },
    {
      goal: 'pod-seconds ≤ 1.1 × keda-expert in sum',
      measured: `${count(pods.law)} of ${count(pods.expert)}: ${(pods.law / pods.expert).toFixed(2)} ×`,
      holds: pods.law <= 1.1 * pods.expert,
    },
    {
      goal: 'pod-seconds ≤ 0.95 × keda-expert where citizens wait, geometric mean',
      measured: where === undefined ? 'no such trace' : `${where.toFixed(2)} ×`,
      holds: where === undefined || where <= 0.95,
    },
    {
      goal: `direction changes ≤ ${MOST_TURNS_PER_HOUR} an hour on every trace; lost on`,
      measured: named(lost('turns')),
      holds: lost('turns').length === 0,
    },
    {
      goal: 'fewer late than keda-expert-1s in sum',
      measured: `${count(late.law)} of ${count(late.eachSecond)}`,
      holds: late.law < late.eachSecond,
    },
    {
      goal: 'no more pod-seconds than keda-expert-1s in sum',
      measured: `${count(pods.law)} of ${count(pods.eachSecond)}: ${(pods.law / pods.eachSecond).toFixed(2)} ×`,
      holds: pods.law <= pods.eachSecond,
    },
  ];
};
