/** How the list of the draw is shown: condition and status. Pure. */

import type { Frozen, Listed } from '../../contract/decisions/control.ts';
import type { Drawn } from '../../contract/decisions/draw.ts';
import { missingValues } from '../../contract/decisions/draw-chain.ts';
import { defined } from '../../contract/defined.ts';
import type { VoucherCampaignStatus } from '../../contract/types/campaign.ts';
import { differencesText, listCommand, whyNotCompared } from '../conditions/records-consistent.ts';
import { asBefore, type ConditionInput, no, unknown, type Verdict, yes } from '../conditions/verdict.ts';
import type { DrawState } from '../draw/draw-keeper.ts';
import type { ObservedCluster } from '../tick/cluster-view.ts';
import type { FreezeState } from './freeze-keeper.ts';
import type { Behind, Uncompared, Waiting } from './freeze-steps.ts';

type ListFrozen = Verdict<'ListFrozen'>;
type DrawStatus = NonNullable<VoucherCampaignStatus['draw']>;

const instantText = (ms: number): string => new Date(ms).toISOString();

/** `verification is at 812 of 1034 in shard 0, at 17 of 980 in shard 2`. */
const progress = (behind: readonly Behind[]): string =>
  [...Map.groupBy(behind, ({ tier }) => tier)]
    .map(([tier, shards]) => {
      const each = shards.map(({ shard, acknowledged, barrier }) => `${acknowledged} of ${barrier} in shard ${shard}`);
      return `${tier} is at message ${each.join(', ')}`;
    })
    .join('; ');

/** A round has been completed, and its pod reports. */
const isComparing = ({ cluster, comparison }: ConditionInput['observed']): boolean =>
  cluster.jobs?.compare?.state === 'running' && comparison?.roundAtMs !== undefined && comparison.behind === undefined;

const comparisonText = (
  uncompared: readonly Uncompared[],
  observed: ConditionInput['observed'],
  metadata: ConditionInput['campaign']['metadata'],
): string => {
  if (uncompared.length === 0) {
    return 'The last comparison of journal and database found rows that differ; the next one shows whether they still do. The list is frozen when no row differs.';
  }
  const each = uncompared.map(({ shard, compared, barrier }) => `${compared} of ${barrier} in shard ${shard}`);
  const why = isComparing(observed) ? '' : ` ${whyNotCompared(observed, metadata)}`;
  return `Journal and database are not compared up to the barriers yet: message ${each.join(', ')}.${why} The list is frozen when they are, and no row differs.`;
};

const waitingFor = (
  waiting: Waiting,
  { observed, campaign: { metadata } }: Pick<ConditionInput, 'observed' | 'campaign'>,
): ListFrozen => {
  const { name, namespace } = metadata;
  switch (waiting.why) {
    case 'NotClosed':
      return no(
        'NotClosed',
        `Registration closes at ${instantText(waiting.untilMs)}. The list of the draw is frozen after that.`,
      );
    case 'WaitingForDeadline':
      return no(
        'WaitingForDeadline',
        `Identities are verified, and citizens can change their registrations, until ${instantText(waiting.untilMs)} (spec.draw.verifyBy). The list of the draw is frozen after that.`,
      );
    case 'WaitingForMargin':
      return no(
        'WaitingForMargin',
        waiting.isLongDue === true
          ? `The list has been due since before this operator process began. It is frozen from ${instantText(waiting.untilMs)} on. To defer that, an owner starts a contingency level with deferFreeze before then.`
          : `Pods may still store what they accepted before the end. The list is frozen from ${instantText(waiting.untilMs)} on.`,
      );
    case 'Deferred':
      return no(
        'Deferred',
        `Contingency level ${waiting.by.join(', ')} defers the freeze. To end it: kubectl voucher contingency stop ${waiting.by[0]} ${name} -n ${namespace}.`,
      );
    case 'WaitingForEarlierWinners':
      return no(
        'WaitingForEarlierWinners',
        `The lists of the winners of ${waiting.campaigns.join(', ')}, who take no part (spec.eligibility.excludeWinnersOf), are missing. The condition EarlierWinnersExcluded says why. The list of the draw is frozen when they are there.`,
      );
    case 'ClockOff':
      return no(
        'ClockOff',
        waiting.ownClock === 'off'
          ? "The operator's clock is off, so it can't know whether pods still accept registrations or changes. Synchronise the clock of its node with NTP."
          : "The operator could not compare its clock with those of most intake pods, so it can't know whether they still accept registrations or changes. See the condition ClocksAgree.",
      );
    case 'WaitingForVerification':
      return no(
        'WaitingForVerification',
        `Not every identity is verified: ${progress(waiting.behind)}. The list is frozen when all of them are.`,
      );
    case 'WaitingForConsumers':
      return no(
        'WaitingForConsumers',
        `The barriers are stored, but not every tier has reached them: ${progress(waiting.behind)}. The list is frozen when all of them have.`,
      );
    case 'WaitingForComparison':
      return no('WaitingForComparison', comparisonText(waiting.uncompared, observed, metadata));
    case 'RecordsDiffer':
      return no(
        'RecordsDiffer',
        `The list is not frozen, because journal and database differ: ${differencesText(waiting.comparison)}. List the rows: ${listCommand(metadata)}. The list is made from the journal, so correct the database: rebuild the rows from the journal (docs/operations.md, "When journal and database differ"). The list is frozen when no row differs.`,
      );
  }
};

const frozenText = ({ at, barriers }: Frozen): string =>
  `Frozen at ${at}. The list depends on the messages up to these barriers: message ${barriers.map((barrier, shard) => `${barrier} in shard ${shard}`).join(', ')}.`;

/**
 * | the draw's Job                | text                         |
 * |-------------------------------|------------------------------|
 * | Jobs can't be listed          | which permission is missing  |
 * | none yet, or at work          | that the list is being made  |
 * | its pod does not run yet      | … that it waits, and where to look |
 * | at work after failed tries    | … that it failed, and the log |
 * | failed for good               | … how to try again now       |
 */
const drawText = ({ jobs, isJobsUnseen }: ObservedCluster, namespace: string): string => {
  if (isJobsUnseen === true) {
    return 'No list is made, because the operator has no permission to list Jobs in this namespace. Permit it to get, list, watch and create jobs of the group batch (docs/operations.md).';
  }
  const job = jobs?.['draw'];
  const isWell = job !== undefined && job.state !== 'failed' && job.failedPods === 0;
  if (job === undefined || (isWell && job.state !== 'starting')) return 'The list is being made from these messages.';
  if (isWell) {
    return `Job ${job.name} will make the list from these messages; its pod does not run yet. If that lasts, look for a refused pod: kubectl describe job ${job.name} -n ${namespace}. Otherwise: kubectl describe pods -n ${namespace} -l job-name=${job.name}.`;
  }
  const log = `Its log says why: kubectl logs job/${job.name} -n ${namespace}.`;
  return job.state === 'failed'
    ? `Job ${job.name} failed to make the list. ${log} The operator creates it again after the cluster has deleted it. To retry now: kubectl delete job ${job.name} -n ${namespace}.`
    : `Job ${job.name} makes the list from these messages. ${job.failedPods} of its pods failed; the Job retries. ${log}`;
};

const listText = ({ lists }: Listed): string =>
  lists.map(({ voucher, entries, digest }) => `${voucher} has ${entries} entries (digest ${digest})`).join('; ');

const excludedText = ({ excluded }: Listed): string =>
  excluded === undefined ? '' : ` ${excluded} people are left out because they won in an earlier campaign.`;

/**
 * | known of the list                                   | status  | reason |
 * |-----------------------------------------------------|---------|--------|
 * | nothing yet, but a leader before knew               | as before | as before |
 * | nothing yet                                         | Unknown | NotYetObserved |
 * | no journal answers                                  | Unknown | JournalUnavailable |
 * | its entry can't be read by this release             | Unknown | EntryUnreadable |
 * | it waits, see nextFreezeStep                        | False   | what it waits for |
 * | barriers or the entry are being written             | False   | PublishingBarriers |
 * | the entry is stored                                 | True    | Frozen |
 * | … and the list has been made                        | True    | Listed |
 */
export const listFrozen = (input: Pick<ConditionInput, 'observed' | 'campaign' | 'endTooLate'>): ListFrozen => {
  const { endTooLate } = input;
  const verdict = freezeVerdict(input);
  if (endTooLate === undefined) return verdict;
  const late = `The end ${endTooLate} was stated too late and has no effect: registration had already ended, so the list could be frozen at any moment.`;
  return { ...verdict, message: `${verdict.message} ${late}` };
};

const freezeVerdict = (input: Pick<ConditionInput, 'observed' | 'campaign'>): ListFrozen => {
  const { freeze } = input.observed;
  switch (freeze?.kind) {
    case undefined:
      return (
        asBefore(input, 'ListFrozen') ??
        unknown('NotYetObserved', 'The journal has not been asked yet whether the list is frozen.')
      );
    case 'unknown':
      return unknown(
        'JournalUnavailable',
        `Whether the list is frozen is unknown: ${freeze.message}. The operator asks again.`,
      );
    case 'unreadable':
      return unknown(
        'EntryUnreadable',
        `The list is frozen, but ${freeze.message}. Install the release that wrote it, or a later one.`,
      );
    case 'waiting':
      return waitingFor(freeze.waiting, input);
    case 'publishing':
      return no(
        'PublishingBarriers',
        'The barriers, or the entry that freezes the list, are being written into the journal.',
      );
    case 'done': {
      const { frozen, listed } = freeze;
      if (listed === undefined)
        return yes(
          'Frozen',
          `${frozenText(frozen)} ${drawText(input.observed.cluster, input.campaign.metadata.namespace)}`,
        );
      return yes('Listed', `${frozenText(frozen)} The list has been made: ${listText(listed)}.${excludedText(listed)}`);
    }
  }
};

const BEFORE_THE_END: readonly Waiting['why'][] = ['NotClosed'];
const AFTER_THE_BARRIERS: readonly Waiting['why'][] = ['WaitingForConsumers', 'WaitingForComparison', 'RecordsDiffer'];

const chainStatus = (draw: DrawState | undefined, previous: DrawStatus | undefined): Partial<DrawStatus> => {
  if (draw?.kind !== 'known') return drawPart(previous);
  const { committed, sourced, drawn, announced, promoted } = draw.chain;
  if (committed === undefined) return {};
  const { attempt, commitment, digest, authorizedBy } = committed;
  const { notBefore, postponeAt } = commitment;
  const missing = missingValues(draw.chain);
  const phase = drawn !== undefined ? 'Drawn' : sourced !== undefined ? 'Sourced' : 'Committed';
  return {
    phase,
    attempt,
    commitment: digest,
    notBefore,
    postponeAt,
    committedBy: authorizedBy,
    ...(sourced === undefined && missing.length > 0 ? { missing } : {}),
    ...(drawn === undefined ? {} : resultStatus(drawn, announced !== undefined)),
    ...(promoted.length === 0 ? {} : { promoted: promoted.length }),
  };
};

const resultStatus = ({ at, digest, vouchers }: Drawn, announced: boolean): Partial<DrawStatus> => ({
  drawnAt: at,
  result: digest,
  announced,
  winners: vouchers.reduce((sum, { winners }) => sum + winners, 0),
  results: vouchers.map(({ voucher, winners, waitlisted, seed, resultDigest }) => ({
    voucher,
    winners,
    waitlisted,
    seed,
    digest: resultDigest,
  })),
});

/** What an earlier tick knew of the draw. */
const drawPart = (previous: DrawStatus | undefined): Partial<DrawStatus> => {
  if (previous?.attempt === undefined) return {};
  const { frozenAt: _frozenAt, entries: _entries, excluded: _excluded, lists: _lists, ...rest } = previous;
  return rest;
};

/** Undefined: registration has not closed. A frozen list remains in the status while the journal does not answer. */
export const drawStatus = (
  freeze: FreezeState | undefined,
  draw: DrawState | undefined,
  previous: DrawStatus | undefined,
): DrawStatus | undefined => {
  if (previous?.frozenAt !== undefined && freeze?.kind !== 'done') return previous;
  switch (freeze?.kind) {
    case undefined:
    case 'unknown':
    case 'unreadable':
      return previous;
    case 'waiting':
      return BEFORE_THE_END.includes(freeze.waiting.why)
        ? undefined
        : { phase: AFTER_THE_BARRIERS.includes(freeze.waiting.why) ? 'Freezing' : 'Waiting' };
    case 'publishing':
      return { phase: 'Freezing' };
    case 'done': {
      const { frozen, listed } = freeze;
      if (listed === undefined) return { phase: 'Frozen', frozenAt: frozen.at };
      const entries = listed.lists.reduce((sum, list) => sum + list.entries, 0);
      const { lists, excluded } = listed;
      return {
        phase: 'Listed',
        frozenAt: frozen.at,
        entries,
        ...defined({ excluded }),
        lists,
        ...chainStatus(draw, previous),
      };
    }
  }
};
