/** Troubles that pods find with their own credentials, with a remedy each: for AcceptingRegistrations and RecordsAvailable. */
import type { ConditionReason } from '../../contract/conditions.ts';
import type { FailingPods, JournalTrouble } from '../signals/pod-views.ts';
import { no } from './verdict.ts';

export interface Words<S extends string, R extends ConditionReason> {
  /** `intake pods`, as in `3 of 10 intake pods`, and their failure: `store no registration`. */
  readonly who: string;
  readonly fail: string;
  readonly reasons: Readonly<Record<S, R>>;
  readonly some: R;
  readonly texts: Readonly<Record<S, string>>;
}

export interface Found<S extends string> {
  /** The most frequent trouble first. */
  readonly failing: readonly FailingPods<S>[];
  readonly pods: number;
  readonly before: string | undefined;
}

/** At half of the pods their cause becomes the reason, until less than 40 % have it, so that it does not flap. */
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
  const wereMost = Object.values(reasons).some((reason) => reason === before);
  return areMost(fail, pods, wereMost);
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

/** What intake and records pods report about the journal. */
export const JOURNAL: Readonly<Record<JournalTrouble, string>> = {
  credentials:
    'the journal refuses their user, password or permission. Compare nats-user and nats-password in the Secret <spec.dataPlane.secretName>-<tier> with the accounts of the nats-servers; with the embedded data plane the campaign must be in the Helm value dataPlane.embedded.campaigns',
  disconnected:
    'no server of the journal accepts their connection. Check the nats-servers, and the network policies between them and the pods',
  no_leader:
    'shards of the journal have no leader. Check the nats-servers: two of three must run, and the streams of the campaign must exist',
  silent: 'the journal accepts what they send and does not answer. Check the disks and the load of the nats-servers',
  full: 'the journal has no room. Enlarge the volumes of the nats-servers, or the limits of the streams',
};
