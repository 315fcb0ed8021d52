/** Why a tier has so many replicas, in sentences for the person on duty. Pure. */
import type { DecisionRecord } from '../operator/history/decision-record.ts';
import { because as sentenceOf } from '../operator/scaling/explain.ts';
import { LIMITED_BY, type LimitedBy } from '../operator/scaling/types.ts';
import { count, span } from './words.ts';

/** 11,840; 15.5; 0.8. */
const amount = (value: number): string => (value >= 100 ? count(value) : String(Math.round(value * 10) / 10));
export const replicas = (value: number): string => `${count(value)} ${value === 1 ? 'replica' : 'replicas'}`;

/** `11,840 first attempts/s at 1,020/s per replica and 75 % load need 15.5 replicas`; undefined: nothing was decided. */
export const demand = ({ terms, evidence, wanted }: DecisionRecord): string | undefined => {
  if (terms === undefined || evidence === undefined) return undefined;
  const { arrivalsPerSecond, capacityPerReplica, targetUtilisation, excess, excessAhead, startSeconds } = evidence;
  const load = Math.round(targetUtilisation * 100);
  const arrivals =
    arrivalsPerSecond === undefined
      ? 'arrival rate unknown'
      : arrivalsPerSecond === 0
        ? 'no first attempts'
        : `${amount(arrivalsPerSecond)} first attempts/s at ${amount(capacityPerReplica)}/s per replica and ${load} % load need ${amount(terms.feedForward)} replicas`;
  const waiting =
    excess > 0
      ? `${count(excess)} registrations wait`
      : `${count(excessAhead)} registrations will wait when a new replica is ready in ${span(startSeconds)}`;
  const backlog = terms.drain > 0 ? `; ${waiting} and need ${amount(terms.drain)} more` : '';
  const lateness = terms.lateness > 0 ? `; ${count(terms.lateness)} more so that fewer wait longer than 5 s` : '';
  const floor = terms.scheduleFloor > 0 ? `; forecast needs ${amount(terms.scheduleFloor)} replicas` : '';
  return `${arrivals}${backlog}${lateness}${floor}; total ${count(wanted)}`;
};

const age = ({ kind, ageSeconds }: DecisionRecord['signals']['arrivals']): string => {
  if (kind === 'absent' || ageSeconds === undefined) return 'never seen';
  return `${kind === 'stale' ? 'out of date, ' : ''}${amount(ageSeconds)} s old`;
};

/** `arrivals 0.3 s old, backlog 0.4 s old`. */
export const signals = ({ signals: { arrivals, backlog } }: DecisionRecord): string =>
  [`arrivals ${age(arrivals)}`, ...(backlog === undefined ? [] : [`backlog ${age(backlog)}`])].join(', ');

const isLimitedBy = (word: string): word is LimitedBy => LIMITED_BY.some((known) => known === word);

/** The one sentence, without its end: `demand needs 16, and the authorised ceiling is 12`. */
export const because = (decision: DecisionRecord): string => {
  const { limitedBy, mode } = decision;
  if (mode === 'Off' || limitedBy === 'Off') return 'spec.scaling.mode is Off: a person has set the number';
  return isLimitedBy(limitedBy) ? sentenceOf(limitedBy, decision) : `of ${limitedBy}`;
};

/** What else matters for the number: who else decides, and open plans. */
export const circumstances = (decision: DecisionRecord): readonly string[] => [
  ...(decision.mode === 'Shadow' ? ['Mode Shadow: this number is only shown, not written.'] : []),
  ...(decision.overrides ?? []).map((override) => `Override: ${override}.`),
  ...(decision.otherAutoscalers ?? []).map(
    (name) => `HorizontalPodAutoscaler ${name} scales it too, so the operator does not.`,
  ),
  ...(decision.admissionPerSecond === undefined || decision.limitedBy === 'Downstream'
    ? []
    : [`A downstream system is the bottleneck: ${amount(decision.admissionPerSecond)}/s are admitted.`]),
  ...(decision.plan === undefined ? [] : [`ScalePlan ${decision.plan} waits for its owner.`]),
  ...(decision.preWarm === undefined || !PRE_WARM_NEWS.includes(decision.preWarm)
    ? []
    : [`Pre-warming: ${decision.preWarm}.`]),
];

const PRE_WARM_NEWS: readonly string[] = [
  'PreWarming',
  'WillBeLate',
  'CeilingBelowFloor',
  'CanaryPending',
  'CanaryNotConfirmed',
];
