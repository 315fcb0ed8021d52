/** Why a tier has so many replicas, in sentences for the person on duty. Pure. */
import type { DecisionRecord } from '../operator/history/decision-record.ts';
import { because as sentenceOf } from '../operator/scaling/explain.ts';
import { LIMITED_BY, type LimitedBy } from '../operator/scaling/types.ts';
import { count, span } from './words.ts';

/** 11,840; 15.5; 0.8. */
const amount = (value: number): string => (value >= 100 ? count(value) : String(Math.round(value * 10) / 10));
export const replicas = (value: number): string => `${count(value)} ${value === 1 ? 'replica' : 'replicas'}`;

/**
 * What demand asks for, with the arithmetic: `11,840 registrations/s, and one replica carries 1,020/s, loaded to 75 %:
 * that takes 15.5 replicas`. Undefined where nothing was decided.
 */
export const demand = ({ terms, evidence, wanted }: DecisionRecord): string | undefined => {
  if (terms === undefined || evidence === undefined) return undefined;
  const { arrivalsPerSecond, capacityPerReplica, targetUtilisation, excess, excessAhead, startSeconds } = evidence;
  const load = Math.round(targetUtilisation * 100);
  const arrivals =
    arrivalsPerSecond === undefined
      ? 'how many arrive is unknown'
      : arrivalsPerSecond === 0
        ? 'no one arrives'
        : `${amount(arrivalsPerSecond)} registrations/s arrive and one replica carries ${amount(capacityPerReplica)}/s, loaded to ${load} %: that takes ${amount(terms.feedForward)}`;
  const waiting =
    excess > 0
      ? `${count(excess)} registrations wait`
      : `${count(excessAhead)} registrations will wait when a new replica is ready in ${span(startSeconds)}`;
  const backlog = terms.drain > 0 ? `; ${waiting}: ${amount(terms.drain)} more` : '';
  const lateness = terms.lateness > 0 ? `; ${count(terms.lateness)} more so that fewer wait longer than 5 s` : '';
  const floor = terms.scheduleFloor > 0 ? `; the forecast takes ${amount(terms.scheduleFloor)}` : '';
  return `${arrivals}${backlog}${lateness}${floor}; ${count(wanted)} in all`;
};

const age = ({ kind, ageSeconds }: DecisionRecord['signals']['arrivals']): string => {
  if (kind === 'absent' || ageSeconds === undefined) return 'never seen';
  return `${kind === 'stale' ? 'stale, ' : ''}${amount(ageSeconds)} s old`;
};

/** `arrivals 0.3 s old, backlog 0.4 s old`. */
export const signals = ({ signals: { arrivals, backlog } }: DecisionRecord): string =>
  [`arrivals ${age(arrivals)}`, ...(backlog === undefined ? [] : [`backlog ${age(backlog)}`])].join(', ');

const isLimitedBy = (word: string): word is LimitedBy => LIMITED_BY.some((known) => known === word);

/** The one sentence, without its end: `demand asks for 16 and it is held by the authorised ceiling of 12`. */
export const because = (decision: DecisionRecord): string => {
  const { limitedBy, mode } = decision;
  if (mode === 'Off' || limitedBy === 'Off') return 'spec.scaling.mode is Off: the number is what a person set';
  return isLimitedBy(limitedBy) ? sentenceOf(limitedBy, decision) : `of ${limitedBy}`;
};

/** What is so besides the number: who else decides, and what was asked for. */
export const circumstances = (decision: DecisionRecord): readonly string[] => [
  ...(decision.mode === 'Shadow' ? ['Mode Shadow: this is what it would have; it is not written.'] : []),
  ...(decision.overrides ?? []).map((override) => `Overruled: ${override}.`),
  ...(decision.otherAutoscalers ?? []).map(
    (name) => `HorizontalPodAutoscaler ${name} scales it too, so the operator leaves it alone.`,
  ),
  ...(decision.admissionPerSecond === undefined || decision.limitedBy === 'Downstream'
    ? []
    : [`What lies behind is full: ${amount(decision.admissionPerSecond)}/s are let in.`]),
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
