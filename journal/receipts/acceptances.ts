/**
 * Looks a registration up in the journal: whether it is stored, and since when. The leader of every shard is asked, because a
 * hedge may have put it into another shard. The database is not asked, because it may be behind.
 *
 * | shards answer                          | result |
 * |----------------------------------------|--------|
 * | one has it                             | accepted; the earliest copy among those that answer soon after |
 * | none has it                            | absent |
 * | one has it, but stored it too late     | late: a publish that got no answer in time may be stored above the barrier |
 * | … but publishes failed here recently   | unavailable: a leader without a quorum does not count proposals under way |
 * | some have nothing, some do not answer  | unavailable |
 *
 * A shard that said where it holds the registration is also asked for that place: an earlier release stored it under another
 * subject. Callers bound how often they ask.
 */

import type { Found } from '../../contract/dependency.ts';
import { astraySubject, eventSubject } from '../../contract/names.ts';
import { shardOf } from '../../contract/shard.ts';
import { acceptedAt } from '../../contract/winner.ts';
import type { CampaignJournal } from '../connection.ts';
import type { AcceptanceLookup, Acceptances } from '../publishing.ts';
import { createStoredReader, type Question, type Stored } from './stored.ts';

export interface AcceptancesOptions extends CampaignJournal {
  readonly monotonicMs: () => number;
  /** State in which this process finds the journal. */
  readonly journal: () => Found;
  /** Receipts in other shards than their citizens', see astray.ts. */
  readonly astray: ReadonlySet<string>;
}

/** For copies in other shards, once one was found. */
const OTHERS_WITHIN_MS = 100;
/** A leader that has lost its quorum steps down within 20 s; its proposals are then stored or lost. */
const SETTLED_AFTER_SECONDS = 30;

/** Whether no failed publish of this process can still be stored. */
export const isSettled = ({ state, seconds }: Found): boolean =>
  state === 'answers' && seconds >= SETTLED_AFTER_SECONDS;

const UNAVAILABLE: AcceptanceLookup = { kind: 'unavailable' };

const receivedSubject = (campaignId: string, shard: number, receipt: string): string =>
  eventSubject(campaignId, shard, 'received', receipt);

/** Answer of one shard's leader. */
export const acceptanceOf = (stored: Stored, untilMs: number): AcceptanceLookup => {
  if (stored.kind !== 'stored') return stored;
  const { event, storedAtMs } = stored;
  if (storedAtMs > untilMs) return { kind: 'late' };
  const { fingerprint } = event.data;
  return {
    kind: 'accepted',
    at: acceptedAt(event, storedAtMs),
    fingerprint: typeof fingerprint === 'string' ? fingerprint : undefined,
  };
};

/** Joins the answers of several shards. */
export const joinStored = (answers: readonly AcceptanceLookup[], settled: boolean): AcceptanceLookup => {
  const accepted = answers.filter((one) => one.kind === 'accepted');
  const [earliest] = accepted.toSorted((a, b) => (a.at < b.at ? -1 : 1));
  if (earliest !== undefined) return earliest;
  if (!settled || answers.some(({ kind }) => kind === 'unavailable')) return UNAVAILABLE;
  return answers.find(({ kind }) => kind === 'late') ?? { kind: 'absent' };
};

export const createAcceptances = ({
  connection,
  campaignId,
  shards,
  monotonicMs,
  journal,
  astray,
}: AcceptancesOptions): Acceptances => {
  const read = createStoredReader({ connection, campaignId, shards, monotonicMs });
  return {
    isAstray: (receipt) => astray.has(receipt),
    async find(receipt, citizenHash, untilMs, held) {
      if (!connection.isConnected()) return UNAVAILABLE;
      const home = shardOf(citizenHash, shards);
      const answers: AcceptanceLookup[] = [];
      const found = Promise.withResolvers<void>();
      const questions = Array.from({ length: shards }, (_, shard): readonly [number, Question] => {
        const subjectOf = shard === home ? receivedSubject : astraySubject;
        return [shard, { last_by_subj: subjectOf(campaignId, shard, receipt) }];
      });
      if (held !== undefined) questions.push([held.shard, { seq: held.sequence }]);
      const all = Promise.all(
        questions.map(async ([shard, what]) => {
          const one = acceptanceOf(await read(shard, what, receipt), untilMs);
          answers.push(one);
          if (one.kind === 'accepted') setTimeout(found.resolve, OTHERS_WITHIN_MS);
        }),
      );
      await Promise.race([all, found.promise]);
      return joinStored(answers, isSettled(journal()));
    },
  };
};
