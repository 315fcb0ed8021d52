/**
 * What pods find with their own credentials: a sentence and a remedy for each trouble, the most frequent first. The
 * conditions AcceptingRegistrations and RecordsAvailable are tables of words for it.
 */
import type { ConditionReason } from '../../contract/conditions.ts';
import type { FailingPods, JournalTrouble } from '../signals/pod-views.ts';
import { no } from './verdict.ts';

export interface Words<S extends string, R extends ConditionReason> {
  /** `intake pods`, as in `3 of 10 intake pods`, and what they do not do: `store no registration`. */
  readonly who: string;
  readonly fail: string;
  readonly reasons: Readonly<Record<S, R>>;
  /** When fewer than half of the pods fail. */
  readonly some: R;
  /** What is wrong, and what to do about it. */
  readonly texts: Readonly<Record<S, string>>;
}

export interface Found<S extends string> {
  /** The most frequent trouble first. */
  readonly failing: readonly FailingPods<S>[];
  readonly pods: number;
  /** Reason of the condition after the tick before. */
  readonly before: string | undefined;
}

/** At half of the pods the cause is the reason, and then until less than 40 % have it, so that it does not come and go. */
const MOST_PODS = 0.5;
const STILL_MOST_PODS = 0.4;

/** 5 of 10 are most; 4 of 10 only when they were most before. */
export const areMost = (failing: number, pods: number, wereMost: boolean): boolean =>
  failing > 0 && failing >= pods * (wereMost ? STILL_MOST_PODS : MOST_PODS);

export const mostFail = (
  reasons: Readonly<Record<string, ConditionReason>>,
  { failing, pods, before }: Found<string>,
): boolean => {
  const fail = failing.reduce((sum, one) => sum + one.pods, 0);
  return areMost(
    fail,
    pods,
    Object.values(reasons).some((reason) => reason === before),
  );
};

/** `3 of 10 intake pods (chengdu-intake-7 among them) store no registration: the journal has no room. Enlarge …` */
export const podTrouble = <S extends string, R extends ConditionReason>(
  { who, fail, reasons, some, texts }: Words<S, R>,
  found: Found<S>,
  since: (seconds: number) => string = () => '',
) => {
  const [most] = found.failing;
  if (most === undefined) return undefined;
  const sentences = found.failing.map(({ state, pods, example, seconds }) => {
    const named = pods === 1 ? example : `${example} among them`;
    return `${pods} of ${found.pods} ${who} (${named}) ${fail}${since(seconds)}: ${texts[state]}.`;
  });
  return no(mostFail(reasons, found) ? reasons[most.state] : some, sentences.join(' '));
};

/** What intake and records pods find of the journal. */
export const JOURNAL: Readonly<Record<JournalTrouble, string>> = {
  credentials:
    'the journal refuses their user, password or permission. Compare nats-user and nats-password in the Secret <spec.dataPlane.secretName>-<tier> with the accounts of the nats-servers; with the embedded data plane the campaign must be in dataPlane.embedded.campaigns of the values that Helm was given',
  disconnected:
    'no server of the journal takes their connection. Look at the nats-servers and at network policies between them and the pods',
  no_leader:
    'shards of the journal have no leader. Look at the nats-servers: two of three must be there, and the streams of the campaign too',
  silent: 'the journal takes what they send and does not answer. Look at the disks and the load of the nats-servers',
  full: 'the journal has no room. Enlarge the volumes of the nats-servers, or the limits of the streams',
};
