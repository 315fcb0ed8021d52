/** Whether registrations are stored, as intake pods find it with their own credentials. */
import type { ConditionReason } from '../../contract/conditions.ts';
import type { FailingPods, IntakesView, JournalTrouble } from '../signals/pod-views.ts';
import { areMost, type ConditionInput, reasonBefore, type Verdict } from './verdict.ts';

type Accepting = Verdict<'AcceptingRegistrations'>;

interface Cause {
  readonly reason: ConditionReason<'AcceptingRegistrations'>;
  readonly what: string;
  readonly remedy: string;
}

const CAUSES: Readonly<Record<JournalTrouble, Cause>> = {
  credentials: {
    reason: 'CredentialsRefused',
    what: 'the journal refuses their user, password or permission',
    remedy:
      'Compare nats-user and nats-password in the Secret of spec.dataPlane.secretName with the accounts of the nats-servers; with the embedded data plane the campaign must be in dataPlane.embedded.campaigns of the values that Helm was given',
  },
  disconnected: {
    reason: 'JournalDisconnected',
    what: 'no server of the journal takes their connection',
    remedy: 'Look at the nats-servers and at network policies between them and the pods',
  },
  no_leader: {
    reason: 'NoJournalLeader',
    what: 'no shard of the journal has a leader that takes messages',
    remedy: 'Look at the nats-servers: two of three must be there, and the streams of the campaign too',
  },
  silent: {
    reason: 'JournalSilent',
    what: 'the journal takes what they publish and does not answer',
    remedy: 'Look at the disks and the load of the nats-servers',
  },
  full: {
    reason: 'JournalFull',
    what: 'the journal has no room',
    remedy: 'Enlarge the volumes of the nats-servers, or the limits of the streams',
  },
};

/** `3 of 10 intake pods (chengdu-intake-7 among them): the journal has no room`. */
const sentence = ({ state, pods, example }: FailingPods<JournalTrouble>, of: number): string =>
  `${pods} of ${of} intake pods (${pods === 1 ? example : `${example} among them`}) store no registration: ${CAUSES[state].what}`;

/** Fewer failures are those of single requests; a pod that fails altogether counts by itself. */
const FAILED_SHARE = 0.05;
const LEAST_FAILED = 5;
/** Once it was told: a share that goes to and fro around 5 % is one trouble, not one a second. */
const STILL_FAILED_SHARE = 0.02;

const failingPods = ({ failing }: IntakesView): number => failing.reduce((sum, { pods }) => sum + pods, 0);

const isCause = (reason: string | undefined): boolean => Object.values(CAUSES).some((cause) => cause.reason === reason);

const mostFail = (view: IntakesView, before: string | undefined): boolean =>
  areMost(failingPods(view), view.pods, isCause(before));

const tooManyFail = ({ stored, failed }: IntakesView, before: string | undefined): boolean => {
  const share = failed / Math.max(1, stored + failed);
  return before === 'SomePublishesFail' ? share >= STILL_FAILED_SHARE : failed >= LEAST_FAILED && share >= FAILED_SHARE;
};

/** What is wrong with publishing; undefined when nothing is. */
const trouble = (view: IntakesView, before: string | undefined): Accepting | undefined => {
  const { pods, failing, stored, failed } = view;
  const [most] = failing;
  if (most !== undefined) {
    const { reason, remedy } = CAUSES[most.state];
    const all = failing.map((one) => sentence(one, pods)).join('. ');
    return {
      status: 'False',
      reason: mostFail(view, before) ? reason : 'SomePublishesFail',
      message: `${all}. ${remedy}.`,
    };
  }
  if (!tooManyFail(view, before)) return undefined;
  return {
    status: 'False',
    reason: 'SomePublishesFail',
    message: `${failed} of the last ${stored + failed} registrations were not stored; the citizens are asked to send them again. Look at the nats-servers: a shard without a leader, or a server that is slow, looks like this.`,
  };
};

/** Whether at least half of the intake pods store nothing: then most citizens are sent away. */
export const publishesFail = (input: Pick<ConditionInput, 'observed'>): boolean => {
  const { intakes } = input.observed.readings;
  return intakes?.kind === 'fresh' && mostFail(intakes.value, reasonBefore(input, 'AcceptingRegistrations'));
};

/**
 * Rows are tried from the top. "Fail" is the pod's own word (journal/journal-health.ts): of its publishes and checks of
 * the last 5 s at least as many failed as came through. A pod without traffic checks the way to the journal every 2 s.
 *
 * | intake pods                        | window, levels   | status  | reason |
 * |------------------------------------|------------------|---------|--------|
 * | no tier yet                        | any              | Unknown | NotYetObserved |
 * | none is Ready                      | any              | False   | NoReadyIntake, with what those that start say |
 * | none said anything for 5 s         | any              | Unknown | NoIntakeAnswers |
 * | at least half fail; 40 % when it was so before | any  | False   | the cause that most of them name |
 * | fewer fail, or 5 % of publishes do; 2 % when it was so before | any | False | SomePublishesFail |
 * | none has asked the journal yet     | any              | Unknown | NotYetObserved |
 * | well                               | before opening   | False   | NotOpen |
 * | well                               | after closing    | False   | Closed |
 * | well                               | a level shows its page | False | LevelLetsNobodyIn |
 * | well                               | open             | True    | Accepting |
 */
export const acceptingRegistrations = (input: ConditionInput): Accepting => {
  const { observed, times, nowMs, contingency, campaign } = input;
  const tier = observed.cluster.tiers.intake;
  if (tier === undefined) {
    return { status: 'Unknown', reason: 'NotYetObserved', message: 'The intake has not been created yet.' };
  }
  const { intakes = { kind: 'absent' as const } } = observed.readings;
  const found =
    intakes.kind === 'fresh' ? trouble(intakes.value, reasonBefore(input, 'AcceptingRegistrations')) : undefined;
  if (!tier.pods.some(({ ready }) => ready)) {
    const why = found === undefined ? 'The condition Provisioned and the events of the pods say why.' : found.message;
    return { status: 'False', reason: 'NoReadyIntake', message: `No intake pod is Ready. ${why}` };
  }
  if (intakes.kind !== 'fresh') {
    return {
      status: 'Unknown',
      reason: 'NoIntakeAnswers',
      message:
        'No intake pod has said for 5 s whether it can store registrations. Their admin port must be reachable for the operator.',
    };
  }
  if (found !== undefined) return found;
  const { pods, known, stored, failed } = intakes.value;
  if (known === 0) {
    return { status: 'Unknown', reason: 'NotYetObserved', message: 'No intake pod has asked the journal yet.' };
  }
  const checked = `${known} of ${pods} intake pods reach the journal with their own credentials`;
  if (nowMs < times.opensAtMs) {
    const opens = `Registration opens at ${campaign.spec.window.opensAt}; ${checked}.`;
    return { status: 'False', reason: 'NotOpen', message: opens };
  }
  if (nowMs >= times.closesAtMs) {
    return { status: 'False', reason: 'Closed', message: `Registration closed at ${campaign.spec.window.closesAt}.` };
  }
  if (contingency.effects.page !== undefined) {
    return {
      status: 'False',
      reason: 'LevelLetsNobodyIn',
      message: `A contingency level shows its page and lets no one in; ${checked}.`,
    };
  }
  const traffic =
    stored + failed === 0
      ? 'no registration came in the last 5 s'
      : `${stored} of ${stored + failed} registrations of the last 5 s are stored`;
  return { status: 'True', reason: 'Accepting', message: `${checked}; ${traffic}.` };
};
