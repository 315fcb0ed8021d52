/** Whether registrations are stored, by the reports of intake pods, which use their own credentials. */
import type { IntakesView, JournalTrouble } from '../signals/pod-views.ts';
import { type Found, JOURNAL, mostFail, podTrouble, type Words } from './pod-reports.ts';
import { type ConditionInput, no, reasonBefore, unknown, type Verdict, yes } from './verdict.ts';

type Accepting = Verdict<'AcceptingRegistrations'>;

const WORDS: Words<JournalTrouble, Accepting['reason']> = {
  who: 'intake pods',
  fail: 'store no registration',
  some: 'SomePublishesFail',
  reasons: {
    credentials: 'CredentialsRefused',
    disconnected: 'JournalDisconnected',
    no_leader: 'NoJournalLeader',
    silent: 'JournalSilent',
    full: 'JournalFull',
  },
  texts: JOURNAL,
};

/** Fewer failures are those of single requests; a pod that fails altogether counts by itself. */
const FAILED_SHARE = 0.05;
const LEAST_FAILED = 5;
/** Once that is the reason: a share that varies around 5 % must not change the condition each second. */
const STILL_FAILED_SHARE = 0.02;

type Seen = IntakesView & Found<JournalTrouble>;

const intakesOf = (input: Pick<ConditionInput, 'observed'>): Seen | undefined => {
  const { intakes } = input.observed.readings;
  return intakes?.kind === 'fresh'
    ? { ...intakes.value, before: reasonBefore(input, 'AcceptingRegistrations') }
    : undefined;
};

const tooManyFail = ({ stored, failed, before }: Seen): boolean => {
  const share = failed / Math.max(1, stored + failed);
  return before === 'SomePublishesFail' ? share >= STILL_FAILED_SHARE : failed >= LEAST_FAILED && share >= FAILED_SHARE;
};

/** What is wrong with publishing; undefined when nothing is. */
const trouble = (seen: Seen): Accepting | undefined => {
  const { stored, failed } = seen;
  const found = podTrouble(WORDS, seen);
  if (found !== undefined || !tooManyFail(seen)) return found;
  return no(
    'SomePublishesFail',
    `${failed} of the last ${stored + failed} registrations were not stored; the citizens are asked to send them again. Look at the nats-servers: the cause may be a shard without a leader, or a slow server.`,
  );
};

/** Whether at least half of the intake pods store nothing: then most registrations are rejected. */
export const publishesFail = (input: Pick<ConditionInput, 'observed'>): boolean => {
  const seen = intakesOf(input);
  return seen !== undefined && mostFail(WORDS.reasons, seen);
};

/**
 * Rows are tried from the top. "Fail" is the pod's own report (journal/journal-health.ts): of its publishes and checks of
 * the last 5 s at least half failed. A pod without traffic checks the way to the journal every 2 s.
 *
 * | intake pods                        | window, levels   | status  | reason |
 * |------------------------------------|------------------|---------|--------|
 * | no tier yet                        | any              | Unknown | NotYetObserved |
 * | none is Ready                      | any              | False   | NoReadyIntake, with the reports of those that start |
 * | none reported for 5 s              | any              | Unknown | NoIntakeAnswers |
 * | at least half fail; 40 % when it was so before | any  | False   | the cause that most of them name |
 * | fewer fail, or 5 % of publishes do; 2 % when it was so before | any | False | SomePublishesFail |
 * | none has asked the journal yet     | any              | Unknown | NotYetObserved |
 * | well                               | before opening   | False   | NotOpen |
 * | well                               | after closing    | False   | Closed |
 * | well                               | a level shows its page | False | LevelAdmitsNone |
 * | well                               | open             | True    | Accepting |
 */
export const acceptingRegistrations = (input: ConditionInput): Accepting => {
  const { observed, times, nowMs, contingency, campaign } = input;
  const tier = observed.cluster.tiers.intake;
  if (tier === undefined) return unknown('NotYetObserved', 'The intake has not been created yet.');
  const seen = intakesOf(input);
  const found = seen && trouble(seen);
  if (!tier.pods.some(({ ready }) => ready)) {
    const why = found?.message ?? 'The condition Provisioned and the events of the pods say why.';
    return no('NoReadyIntake', `No intake pod is Ready. ${why}`);
  }
  if (seen === undefined) {
    return unknown(
      'NoIntakeAnswers',
      'No intake pod has reported for 5 s whether it can store registrations. The operator must reach their admin port.',
    );
  }
  if (found !== undefined) return found;
  const { pods, known, stored, failed } = seen;
  if (known === 0) return unknown('NotYetObserved', 'No intake pod has checked the journal yet.');
  const checked = `${known} of ${pods} intake pods reach the journal with their own credentials`;
  const { opensAt, closesAt } = campaign.spec.window;
  if (nowMs < times.opensAtMs) return no('NotOpen', `Registration opens at ${opensAt}; ${checked}.`);
  if (nowMs >= times.closesAtMs) return no('Closed', `Registration closed at ${closesAt}.`);
  if (contingency.effects.page !== undefined) {
    return no('LevelAdmitsNone', `A contingency level shows its page and admits no registration; ${checked}.`);
  }
  const traffic =
    stored + failed === 0
      ? 'no registration came in the last 5 s'
      : `${stored} of ${stored + failed} registrations of the last 5 s are stored`;
  return yes('Accepting', `${checked}; ${traffic}.`);
};
