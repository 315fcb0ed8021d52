/**
 * The two conditions that kstatus reads before Ready: Helm's and Flux's word for every kind of object. Reconciling=True is
 * "in progress", Stalled=True is "failed, wait no longer"; the first of them in the list counts, so never are both True.
 */
import type { ConditionReason, ConditionType } from '../../contract/conditions.ts';
import { instantMs } from '../../contract/instant.ts';
import type { DatabaseTrouble, FailingPods } from '../signals/pod-views.ts';
import { SCALED_TIERS } from '../tick/observed.ts';
import { areMost } from './pod-troubles.ts';
import { belowMinSinceMs } from './ready.ts';
import { asBefore, before, type ConditionInput, no, type Verdict, yes } from './verdict.ts';

/** The verdicts of a tick that these two rest on. */
export type Causes = { readonly [T in Exclude<ConditionType, 'Reconciling' | 'Stalled'>]: Verdict<T> };

/** Accounts that are read anew, a webhook that restarts, servers that have just met: none of them takes longer. */
const LASTING_MS = 60_000;

interface Cause {
  readonly of: keyof Causes;
  readonly reason: ConditionReason<'Stalled'>;
  readonly isAtOnce?: true;
}

/** Causes that have the same word in their own condition. */
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

/** The kubelet's words for a Secret, or a key in one, that is not there. One that it has not fetched yet is no such case. */
const LACKS_SECRET = /secrets? "[^"]*" not found|couldn't find key \S+ in Secret|references non-existent secret key/i;

const lacksSecret = ({ observed: { cluster } }: ConditionInput): boolean =>
  SCALED_TIERS.some((tier) =>
    cluster.tiers[tier]?.problems?.some(
      (problem) =>
        problem.kind === 'not_starting' &&
        ['CreateContainerConfigError', 'FailedMount'].includes(problem.reason) &&
        LACKS_SECRET.test(problem.message),
    ),
  );

const isRefused = <S extends string>(failing: readonly FailingPods<S>[], pods: number, state: S): boolean =>
  failing.some((one) => one.state === state && areMost(one.pods, pods, true));

/** What pods find with the accounts of the campaign's Secret. */
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

/** What is observed in the tick that sees a generation first came of the one before: the change may be what mends it. */
const isSpecNew = (input: ConditionInput): boolean =>
  before(input, 'Reconciling')?.observedGeneration !== input.campaign.metadata.generation;

/**
 * What only a person can mend, in the order of the table below, and since when each is so. The status of a condition may
 * have stood for longer, for another reason; so the instants are kept in the status, and survive a change of leader. A new
 * generation counts from its beginning.
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
      // In the other modes it may scale: the operator does not.
      ({ of, reason }) => causes[of].reason === reason && (reason !== 'AnotherAutoscaler' || mode === 'Auto'),
    ),
    lacksSecret(input) && ({ of: 'Provisioned', reason: 'SecretMissing' } as const),
    ...refusals(input),
  ]
    .filter((cause) => cause !== false)
    .map((cause) => {
      const since = known.find(({ reason }) => reason === cause.reason)?.since;
      // Written by a clock that ran ahead it would count for less.
      return { ...cause, sinceMs: Math.min(nowMs, since === undefined ? nowMs : instantMs(since)) };
    });
};

/**
 * Rows are tried from the top; the message is that of the condition that has the cause. A journal that does not answer,
 * a server or a database that is away, missing nodes and a full quota are in none of them: they heal without a change of
 * what was stated. "60 s": in every tick since then, for this very reason and under this generation.
 *
 * | what is so                                                  | for  | status | reason                     |
 * |-------------------------------------------------------------|------|--------|----------------------------|
 * | a field of spec can't be read (tick/held.ts)                | –    | True   | SpecUnreadable             |
 * | no tick has seen this generation before                     | –    | False  | NotStalled                 |
 * | the journal belongs to another object                       | –    | True   | JournalConflict            |
 * | another autoscaler writes the replicas of a tier, mode Auto | –    | True   | AnotherAutoscaler          |
 * | no room for the streams, or they are full                   | 60 s | True   | JournalFull                |
 * | JetStream is off                                            | 60 s | True   | JetStreamDisabled          |
 * | servers acknowledge before they sync                        | 60 s | True   | NotSynced                  |
 * | streams of fewer than three replicas, and no attestation    | 60 s | True   | TooFewReplicas             |
 * | it can't be seen whether servers sync, and no attestation   | 60 s | True   | DurabilityUnknown          |
 * | the API server refuses an object                            | 60 s | True   | ObjectsRefused             |
 * | pods lack a Secret, or a key in it                          | 60 s | True   | SecretMissing              |
 * | the journal refuses the account of at least 40 % of intakes | 60 s | True   | JournalCredentialsRefused  |
 * | the database refuses that of at least 40 % of workers       | 60 s | True   | DatabaseCredentialsRefused |
 * | as many workers refuse the database's certificate           | 60 s | True   | DatabaseCertificateRefused |
 * | none of these                                               | –    | False  | NotStalled                 |
 */
export const stalled = (causes: Causes, input: ConditionInput): Verdict<'Stalled'> => {
  // A leader that has only begun to look knows no more than the one before.
  if (input.observed.journal === undefined && !isSpecNew(input)) {
    return asBefore(input, 'Stalled') ?? no('NotStalled', 'Nothing waits for a person.');
  }
  const first = stallingCauses(causes, input).find(
    ({ isAtOnce, sinceMs }) => !isSpecNew(input) && (isAtOnce === true || input.nowMs - sinceMs >= LASTING_MS),
  );
  if (first === undefined) return no('NotStalled', 'Nothing waits for a person.');
  const { of, reason } = first;
  return yes(reason, causes[of].message);
};

/**
 * Rows are tried from the top.
 *
 * | what is so                                      | before              | status | reason            |
 * |-------------------------------------------------|---------------------|--------|-------------------|
 * | Stalled                                         | any                 | False  | Stalled           |
 * | the journal has not been asked                  | no one has looked   | True   | NotYetObserved    |
 * | any                                             | another generation  | True   | SpecChanged       |
 * | any                                             | Reconciled          | False  | Reconciled        |
 * | the journal is not durable                      | other               | True   | JournalNotReady   |
 * | a tier is below `min`                           | other               | True   | TiersStarting     |
 * | objects are refused, or can't be written        | other               | True   | ObjectsNotWritten |
 * | none of these                                   | other               | False  | Reconciled        |
 *
 * The tick that sees a generation first carries it out after it has said this; the next one sees what came of it.
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
    return yes('NotYetObserved', 'The campaign is looked at for the first time.');
  }
  if (isSpecNew(input)) {
    return yes('SpecChanged', `Generation ${campaign.metadata.generation} of the campaign is being carried out.`);
  }
  if (known?.reason !== 'Reconciled') {
    const { JournalDurable: durable, Provisioned: provisioned } = causes;
    if (durable.status !== 'True') return yes('JournalNotReady', durable.message);
    const short = SCALED_TIERS.filter((tier) => belowMinSinceMs(tiers[tier], observed.previous, nowMs) !== undefined);
    if (short.length > 0) return yes('TiersStarting', `Not at their minimum of ready replicas: ${short.join(', ')}.`);
    if (provisioned.reason === 'ObjectsRefused' || provisioned.reason === 'ObjectsNotWritten') {
      return yes('ObjectsNotWritten', provisioned.message);
    }
  }
  return no('Reconciled', 'All that the spec asks has been carried out.');
};

/** While a person is needed nothing is in progress. */
export const STALLED: Verdict<'Reconciling'> = no(
  'Stalled',
  'It waits for a person: the condition Stalled says for what.',
);
