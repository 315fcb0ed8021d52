/** For kstatus (Helm, Flux): Reconciling=True is in progress, Stalled=True is failed; never both, the first counts. */
import type { ConditionReason, ConditionType } from '../../contract/conditions.ts';
import { instantMs } from '../../contract/instant.ts';
import { TIERS } from '../../contract/tiers.ts';
import type { DatabaseTrouble, FailingPods } from '../signals/pod-views.ts';
import { areMost } from './pod-reports.ts';
import { belowMinSinceMs } from './ready.ts';
import { asBefore, before, type ConditionInput, no, type Verdict, yes } from './verdict.ts';

type Always = Exclude<
  ConditionType,
  | 'Reconciling'
  | 'Stalled'
  | 'EarlierWinnersExcluded'
  | 'ProvidersReachable'
  | 'DrawCommitted'
  | 'Drawn'
  | 'Issued'
  | 'ChannelsReachable'
  | 'BooksBalanced'
>;
export type Causes = { readonly [T in Always]: Verdict<T> };

/** Accounts that are reloaded, a webhook that restarts, servers that have just met: none of them takes longer. */
const LASTING_MS = 60_000;

interface Cause {
  readonly of: keyof Causes;
  readonly reason: ConditionReason<'Stalled'>;
  readonly isAtOnce?: true;
}

/** Causes that have the same reason in their own condition. */
const OWN_WORDS: readonly Cause[] = [
  { of: 'Ready', reason: 'JournalConflict', isAtOnce: true },
  { of: 'ConflictingScaler', reason: 'AnotherAutoscaler', isAtOnce: true },
  { of: 'Ready', reason: 'JournalFull' },
  { of: 'Ready', reason: 'JetStreamDisabled' },
  { of: 'JournalDurable', reason: 'NotSynced' },
  { of: 'JournalDurable', reason: 'TooFewReplicas' },
  { of: 'JournalDurable', reason: 'DurabilityUnknown' },
  { of: 'Provisioned', reason: 'ObjectsRefused' },
];

/** The kubelet's message for a Secret, or a key in one, that is missing; not for one that it has not fetched yet. */
const LACKS_SECRET = /secrets? "[^"]*" not found|couldn't find key \S+ in Secret|references non-existent secret key/i;

const lacksSecret = ({ observed: { cluster } }: ConditionInput): boolean =>
  TIERS.some((tier) =>
    cluster.tiers[tier]?.problems?.some(
      (problem) =>
        problem.kind === 'not_starting' &&
        ['CreateContainerConfigError', 'FailedMount'].includes(problem.reason) &&
        LACKS_SECRET.test(problem.message),
    ),
  );

const isRefused = <S extends string>(failing: readonly FailingPods<S>[], pods: number, state: S): boolean =>
  failing.some((one) => one.state === state && areMost(one.pods, pods, true));

/** What pods report of the accounts in the campaign's Secrets. */
const refusals = ({ observed: { readings } }: ConditionInput): readonly (Cause | false)[] => {
  const intakes = readings.intakes?.kind === 'fresh' ? readings.intakes.value : { failing: [], pods: 0 };
  const workers = readings.workers?.kind === 'fresh' ? readings.workers.value : { database: [], pods: 0 };
  const byDatabase = (state: DatabaseTrouble): boolean => isRefused(workers.database, workers.pods, state);
  return [
    isRefused(intakes.failing, intakes.pods, 'credentials') && {
      of: 'AcceptingRegistrations',
      reason: 'JournalCredentialsRefused',
    },
    byDatabase('credentials') && { of: 'RecordsAvailable', reason: 'DatabaseCredentialsRefused' },
    byDatabase('certificate') && { of: 'RecordsAvailable', reason: 'DatabaseCertificateRefused' },
  ];
};

/** The first tick of a generation still observes the effects of the one before: the change may be the remedy. */
const isSpecNew = (input: ConditionInput): boolean =>
  before(input, 'Reconciling')?.observedGeneration !== input.campaign.metadata.generation;

/**
 * What only a person can fix, in the order of the table below, and since when. A condition's lastTransitionTime may be
 * older and of another reason; so the instants are kept in the status, where they survive a change of leader. A new
 * generation starts again.
 */
export const stallingCauses = (
  causes: Causes,
  input: ConditionInput,
): readonly (Cause & { readonly sinceMs: number })[] => {
  const { observed, nowMs } = input;
  const { mode } = input.campaign.spec.scaling;
  const known = isSpecNew(input) ? [] : (observed.previous?.stalling ?? []);
  return [
    ...OWN_WORDS.filter(
      // In the other modes the other autoscaler may scale: the operator does not.
      ({ of, reason }) => causes[of].reason === reason && (reason !== 'AnotherAutoscaler' || mode === 'Auto'),
    ),
    lacksSecret(input) && ({ of: 'Provisioned', reason: 'SecretMissing' } as const),
    ...refusals(input),
  ]
    .filter((cause) => cause !== false)
    .map((cause) => {
      const since = known.find(({ reason }) => reason === cause.reason)?.since;
      // An instant from a clock that ran ahead counts as now.
      return { ...cause, sinceMs: Math.min(nowMs, since === undefined ? nowMs : instantMs(since)) };
    });
};

/**
 * Rows are tried from the top; the message is that of the condition that has the cause. A journal that does not answer,
 * a server or a database that is down, missing nodes and a full quota are not in it: they recover without a change of the
 * spec. "60 s": in every tick since then, for the same reason and under this generation.
 *
 * | situation                                                   | for  | status | reason                     |
 * |-------------------------------------------------------------|------|--------|----------------------------|
 * | a field of spec can't be read (tick/held.ts)                | –    | True   | SpecUnreadable             |
 * | no tick has seen this generation before                     | –    | False  | NotStalled                 |
 * | the journal belongs to another object                       | –    | True   | JournalConflict            |
 * | another autoscaler writes the replicas of a tier, mode Auto | –    | True   | AnotherAutoscaler          |
 * | no room for the streams, or they are full                   | 60 s | True   | JournalFull                |
 * | JetStream is off                                            | 60 s | True   | JetStreamDisabled          |
 * | servers acknowledge before they sync                        | 60 s | True   | NotSynced                  |
 * | streams of fewer than three replicas, and no attestation    | 60 s | True   | TooFewReplicas             |
 * | whether servers sync is unknown, and no attestation         | 60 s | True   | DurabilityUnknown          |
 * | the API server refuses an object                            | 60 s | True   | ObjectsRefused             |
 * | pods lack a Secret, or a key in it                          | 60 s | True   | SecretMissing              |
 * | the journal refuses the account of at least 40 % of intakes | 60 s | True   | JournalCredentialsRefused  |
 * | the database refuses that of at least 40 % of workers       | 60 s | True   | DatabaseCredentialsRefused |
 * | as many workers refuse the database's certificate           | 60 s | True   | DatabaseCertificateRefused |
 * | none of these                                               | –    | False  | NotStalled                 |
 */
export const stalled = (causes: Causes, input: ConditionInput): Verdict<'Stalled'> => {
  const none = no('NotStalled', 'No person has to act.');
  // On its first tick a new leader keeps the verdict of the one before.
  if (input.observed.journal === undefined && !isSpecNew(input)) return asBefore(input, 'Stalled') ?? none;
  const first = stallingCauses(causes, input).find(
    ({ isAtOnce, sinceMs }) => !isSpecNew(input) && (isAtOnce === true || input.nowMs - sinceMs >= LASTING_MS),
  );
  if (first === undefined) return none;
  const { of, reason } = first;
  return yes(reason, causes[of].message);
};

/**
 * Rows are tried from the top.
 *
 * | situation                                       | before              | status | reason            |
 * |-------------------------------------------------|---------------------|--------|-------------------|
 * | Stalled                                         | any                 | False  | Stalled           |
 * | the journal has not been asked                  | no tick so far      | True   | NotYetObserved    |
 * | any                                             | another generation  | True   | SpecChanged       |
 * | any                                             | Reconciled          | False  | Reconciled        |
 * | the journal is not durable                      | other               | True   | JournalNotReady   |
 * | a tier is below `min`                           | other               | True   | TiersStarting     |
 * | objects are refused, or can't be written        | other               | True   | ObjectsNotWritten |
 * | none of these                                   | other               | False  | Reconciled        |
 *
 * The first tick of a generation reports SpecChanged and applies it; the next one sees the result.
 */
export const reconciling = (
  causes: Causes,
  { status: stalledNow }: Verdict<'Stalled'>,
  input: ConditionInput,
): Verdict<'Reconciling'> => {
  const { observed, campaign, tiers, nowMs } = input;
  const known = before(input, 'Reconciling');
  if (stalledNow === 'True') return STALLED;
  if (known === undefined && observed.journal === undefined) {
    return yes('NotYetObserved', 'The operator processes this campaign for the first time.');
  }
  if (isSpecNew(input)) {
    return yes('SpecChanged', `Generation ${campaign.metadata.generation} of the campaign is being applied.`);
  }
  if (known?.reason !== 'Reconciled') {
    const { JournalDurable: durable, Provisioned: provisioned } = causes;
    if (durable.status !== 'True') return yes('JournalNotReady', durable.message);
    const short = TIERS.filter((tier) => belowMinSinceMs(tiers[tier], observed.previous, nowMs) !== undefined);
    if (short.length > 0) return yes('TiersStarting', `Not at their minimum of ready replicas: ${short.join(', ')}.`);
    if (provisioned.reason === 'ObjectsRefused' || provisioned.reason === 'ObjectsNotWritten') {
      return yes('ObjectsNotWritten', provisioned.message);
    }
  }
  return no('Reconciled', 'Everything in the spec has been applied.');
};

/** While a person's action is needed nothing is in progress. */
export const STALLED: Verdict<'Reconciling'> = no('Stalled', 'A person must act: the condition Stalled says how.');
