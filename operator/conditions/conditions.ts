/** One rule per condition: status, reason and message together. The truth table above each is its specification. */
import type { ConditionType } from '../../contract/conditions.ts';
import { instantMs } from '../../contract/instant.ts';
import type { Reading } from '../../contract/reading.ts';
import { hasConsumer, TIERS, tiersOf } from '../../contract/tiers.ts';
import { booksBalanced } from '../books/books-condition.ts';
import { contingencyCondition } from '../contingency/contingency-messages.ts';
import { personalDataDestroyed } from '../destruction/destruction-messages.ts';
import { drawCommitted, drawn } from '../draw/draw-conditions.ts';
import { earlierWinnersExcluded } from '../exclusion/exclusion-condition.ts';
import { listFrozen } from '../freeze/freeze-messages.ts';
import { issued } from '../issuance/issuance-conditions.ts';
import { planState, stateText } from '../scale-plans/plan-state.ts';
import type { PlanInput } from '../tick/observed.ts';
import { acceptingRegistrations } from './accepting.ts';
import { clocksAgree } from './clocks-agree.ts';
import { journalDurable } from './journal-conditions.ts';
import { channelsReachable, providersReachable } from './outside-reachable.ts';
import { conflictingScaler, overriddenCondition } from './override-conditions.ts';
import { preWarmed } from './pre-warm-condition.ts';
import { type Causes, reconciling, stalled } from './progress.ts';
import { provisioned } from './provisioned.ts';
import { ready } from './ready.ts';
import { recordsAvailable } from './records-available.ts';
import { recordsConsistent } from './records-consistent.ts';
import { type ConditionInput, no, unknown, type Verdict, yes } from './verdict.ts';

/**
 * | arrivals       | backlog        | status  | reason         |
 * |----------------|----------------|---------|----------------|
 * | fresh          | fresh          | True    | AllFresh       |
 * | stale, absent  | fresh          | False   | ArrivalsStale  |
 * | fresh          | stale, absent  | False   | BacklogStale   |
 * | absent         | absent         | Unknown | NotYetObserved |
 * | otherwise      | otherwise      | False   | AllStale       |
 */
export const metricsFresh = ({ campaign, observed: { readings }, nowMs }: PlanInput): Verdict<'MetricsFresh'> => {
  const { arrivals } = readings;
  const late = tiersOf(campaign.spec)
    .filter(hasConsumer)
    .map((tier) => ({ tier, reading: readings.backlog[tier] ?? { kind: 'absent' as const } }))
    .filter(({ reading }) => reading.kind !== 'fresh');
  const age = (reading: Reading<unknown>): string =>
    reading.kind === 'absent' ? 'unknown' : `${Math.max(0, Math.round((nowMs - reading.atMs) / 1000))} s old`;
  const backlogs = late.map(({ tier, reading }) => `the backlog of ${tier} is ${age(reading)}`).join(', ');
  const hold = 'No tier is scaled down meanwhile.';
  if (late.length === 0) {
    return arrivals.kind === 'fresh'
      ? yes('AllFresh', 'Arrivals and backlog were read in the last tick.')
      : no('ArrivalsStale', `Arrivals of intake pods are ${age(arrivals)}. ${hold}`);
  }
  if (arrivals.kind === 'fresh') return no('BacklogStale', `T${backlogs.slice(1)}. ${hold}`);
  if (arrivals.kind === 'absent' && late.every(({ reading }) => reading.kind === 'absent')) {
    return unknown('NotYetObserved', `No metric has been read yet. ${hold}`);
  }
  return no('AllStale', `Arrivals are ${age(arrivals)}, ${backlogs}. ${hold}`);
};

/**
 * | server time         | status | reason        |
 * |---------------------|--------|---------------|
 * | before opensAt      | False  | BeforeOpening |
 * | opensAt ≤ t < closesAt | True | WithinWindow |
 * | closesAt ≤ t        | False  | AfterClosing  |
 */
export const open = ({ campaign, times, nowMs }: PlanInput): Verdict<'Open'> => {
  const { opensAt, closesAt } = campaign.spec.window;
  if (nowMs < times.opensAtMs) return no('BeforeOpening', `Opens at ${opensAt}.`);
  if (nowMs < times.closesAtMs) return yes('WithinWindow', `Open until ${closesAt}.`);
  return no('AfterClosing', `Closed at ${closesAt}.`);
};

const PLAN_REASONS = {
  Approved: 'PlanApproved',
  Rejected: 'PlanRejected',
  Expired: 'PlanExpired',
  Revoked: 'PlanRevoked',
  Void: 'PlanVoid',
} as const;

/**
 * The newest plan counts, unless an older one still waits; a superseded one never does.
 *
 * | plans                   | status | reason           |
 * |-------------------------|--------|------------------|
 * | none                    | False  | NoPlan           |
 * | one waits               | True   | AwaitingDecision |
 * | one can't be read       | Unknown | PlanUnreadable  |
 * | newest approved         | False  | PlanApproved     |
 * | newest rejected         | False  | PlanRejected     |
 * | newest expired          | False  | PlanExpired      |
 * | newest revoked          | False  | PlanRevoked      |
 * | newest decided too late | False  | PlanVoid         |
 */
export const planPending = ({ plans, nowMs, observed }: ConditionInput): Verdict<'PlanPending'> => {
  const newestFirst = plans.toSorted((a, b) => instantMs(b.spec.expiresAt) - instantMs(a.spec.expiresAt));
  const waiting = newestFirst.find((plan) => planState(plan, nowMs) === 'Pending');
  if (waiting !== undefined) return yes('AwaitingDecision', stateText(waiting, 'Pending'));
  const [unreadable] = observed.cluster.unreadablePlans ?? [];
  if (unreadable !== undefined) {
    const { name, problem } = unreadable;
    return unknown(
      'PlanUnreadable',
      `ScalePlan ${name} can't be read and grants nothing: ${problem}. Delete it; the operator asks again while the need lasts.`,
    );
  }
  for (const plan of newestFirst) {
    const state = planState(plan, nowMs);
    if (state === 'Superseded' || state === 'Pending') continue;
    return no(PLAN_REASONS[state], stateText(plan, state));
  }
  return no('NoPlan', 'The authorised ceilings are sufficient so far.');
};

/**
 * | scale-ups of a tier without a gain       | status | reason       |
 * |------------------------------------------|--------|--------------|
 * | fewer than two in a row                  | False  | NotSaturated |
 * | two, not recovered since                 | True   | NoGain       |
 */
const downstreamSaturated = ({ tiers, nowMs }: ConditionInput): Verdict<'DownstreamSaturated'> => {
  const tenths = (value: number): number => Math.round(value * 10) / 10;
  const saturated = TIERS.flatMap((tier) => {
    const saturation = tiers[tier].decision?.memory.saturation;
    if (saturation === undefined) return [];
    const { sinceMs, perReplica, admissionPerSecond } = saturation;
    const seconds = Math.max(0, Math.round((nowMs - sinceMs) / 1000));
    return [
      `Two scale-ups of ${tier} did not raise throughput (${tenths(perReplica)}/s per replica, for ${seconds} s): a downstream system is the bottleneck. ${tier} is not scaled up further, and admission is reduced to ${tenths(admissionPerSecond)}/s. Look at the downstream system: the database's connections, CPU and locks.`,
    ];
  });
  return saturated.length === 0
    ? no('NotSaturated', 'No downstream bottleneck detected.')
    : yes('NoGain', saturated.join(' '));
};

const causesOf = (input: ConditionInput): Causes => ({
  Ready: ready(input),
  Provisioned: provisioned(input),
  JournalDurable: journalDurable(input),
  MetricsFresh: metricsFresh(input),
  ClocksAgree: clocksAgree(input),
  PreWarmed: preWarmed(input),
  Open: open(input),
  PlanPending: planPending(input),
  DownstreamSaturated: downstreamSaturated(input),
  ConflictingScaler: conflictingScaler(input),
  Overridden: overriddenCondition(input),
  Contingency: contingencyCondition(input),
  AcceptingRegistrations: acceptingRegistrations(input),
  RecordsAvailable: recordsAvailable(input),
  RecordsConsistent: recordsConsistent(input),
  ListFrozen: listFrozen(input),
  PersonalDataDestroyed: personalDataDestroyed(input),
});

/** Conditions that only some campaigns have: undefined for the others. */
type Optional =
  | 'EarlierWinnersExcluded'
  | 'ProvidersReachable'
  | 'DrawCommitted'
  | 'Drawn'
  | 'Issued'
  | 'ChannelsReachable'
  | 'BooksBalanced';
type Verdicts = { readonly [T in Exclude<ConditionType, Optional>]: Verdict<T> } & {
  readonly [T in Optional]: Verdict<T> | undefined;
};

export const judge = (input: ConditionInput): Verdicts => {
  const causes = causesOf(input);
  const stalledNow = stalled(causes, input);
  return {
    ...causes,
    EarlierWinnersExcluded: earlierWinnersExcluded(input),
    ProvidersReachable: providersReachable(input),
    DrawCommitted: drawCommitted(input),
    Drawn: drawn(input),
    Issued: issued(input),
    ChannelsReachable: channelsReachable(input),
    BooksBalanced: booksBalanced(input),
    Stalled: stalledNow,
    Reconciling: reconciling(causes, stalledNow, input),
  };
};
