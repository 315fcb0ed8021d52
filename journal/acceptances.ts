/**
 * Looks a registration up in the journal: whether it is stored, and since when. The leader of every shard is asked, because a
 * hedge may have put it into another shard. The database is not asked, because it may be behind.
 *
 * | shards answer                          | result |
 * |----------------------------------------|--------|
 * | one has it                             | accepted; the earliest copy among those that answer soon after |
 * | none has it                            | absent |
 * | … but publishes failed here recently   | unavailable: a leader without a quorum does not count proposals under way |
 * | some have nothing, some do not answer  | unavailable |
 *
 * A shard that said where it holds the registration is also asked for that place: an earlier release stored it under another
 * subject. A look-up costs the server 0.1 ms of CPU where there is nothing, and 2 ms for an old message, whose block has to be
 * read (docs/adr/0020). Callers bound how often they ask.
 */

import { z } from 'zod';
import type { Found } from '../contract/dependency.ts';
import { parseEnvelope } from '../contract/envelope-schema.ts';
import { astraySubject, eventSubject, shardStreamName } from '../contract/names.ts';
import { shardOf } from '../contract/shard.ts';
import { parseUntrusted } from '../contract/untrusted.ts';
import { acceptedAt } from '../contract/winner.ts';
import type { CampaignJournal } from './connection.ts';
import type { AcceptanceLookup, Acceptances } from './publishing.ts';

export interface AcceptancesOptions extends CampaignJournal {
  readonly monotonicMs: () => number;
  /** State in which this process finds the journal. */
  readonly journal: () => Found;
  /** Receipts in other shards than their citizens', see astray.ts. */
  readonly astray: ReadonlySet<string>;
}

const ANSWER_WITHIN_MS = 1_000;
/** For a shard that has just not answered: callers must not queue up behind it. */
const SILENT_ANSWER_WITHIN_MS = 100;
const SILENT_FOR_MS = 2_000;
/** For copies in other shards, once one was found. */
const OTHERS_WITHIN_MS = 100;
const NOT_FOUND = 10037;
/** A leader that has lost its quorum steps down within 20 s; its proposals are then stored or lost. */
const SETTLED_AFTER_SECONDS = 30;

/** Whether no failed publish of this process can still be stored. */
export const isSettled = ({ state, seconds }: Found): boolean =>
  state === 'answers' && seconds >= SETTLED_AFTER_SECONDS;

const answer = z.union([
  z.object({ error: z.object({ err_code: z.number().optional() }) }),
  z.object({ message: z.object({ data: z.base64(), time: z.string() }) }),
]);

const UNAVAILABLE: AcceptanceLookup = { kind: 'unavailable' };

const receivedSubject = (campaignId: string, shard: number, receipt: string): string =>
  eventSubject(campaignId, shard, 'received', receipt);

/** Answer of one shard's leader. Anything but a message or "no message found" proves nothing. */
export const readStored = (text: string, receipt: string): AcceptanceLookup => {
  const data = parseUntrusted(answer, text);
  if (data === undefined) return UNAVAILABLE;
  if ('error' in data) return data.error.err_code === NOT_FOUND ? { kind: 'absent' } : UNAVAILABLE;
  const parsed = parseEnvelope(Buffer.from(data.message.data, 'base64'));
  if (parsed.kind !== 'valid' || parsed.event.receipt !== receipt) return UNAVAILABLE;
  const { fingerprint } = parsed.event.data;
  return {
    kind: 'accepted',
    at: acceptedAt(parsed.event, Date.parse(data.message.time)),
    fingerprint: typeof fingerprint === 'string' ? fingerprint : undefined,
  };
};

/** Joins the answers of several shards. */
export const joinStored = (answers: readonly AcceptanceLookup[], settled: boolean): AcceptanceLookup => {
  const accepted = answers.filter((one) => one.kind === 'accepted');
  const [earliest] = accepted.toSorted((a, b) => (a.at < b.at ? -1 : 1));
  if (earliest !== undefined) return earliest;
  return settled && answers.every(({ kind }) => kind === 'absent') ? { kind: 'absent' } : UNAVAILABLE;
};

export const createAcceptances = ({
  connection,
  campaignId,
  shards,
  monotonicMs,
  journal,
  astray,
}: AcceptancesOptions): Acceptances => {
  const silentUntilMs: number[] = Array(shards).fill(Number.NEGATIVE_INFINITY);

  const ask = async (shard: number, receipt: string, what: object): Promise<AcceptanceLookup> => {
    const subject = `$JS.API.STREAM.MSG.GET.${shardStreamName(campaignId, shard)}`;
    const request = JSON.stringify(what);
    const isSilent = (silentUntilMs[shard] ?? 0) > monotonicMs();
    try {
      const timeout = isSilent ? SILENT_ANSWER_WITHIN_MS : ANSWER_WITHIN_MS;
      const message = await connection.nats.request(subject, request, { timeout });
      silentUntilMs[shard] = Number.NEGATIVE_INFINITY;
      return readStored(message.string(), receipt);
    } catch {
      silentUntilMs[shard] = monotonicMs() + SILENT_FOR_MS;
      return UNAVAILABLE;
    }
  };
  return {
    isAstray: (receipt) => astray.has(receipt),
    async find(receipt, citizenHash, held) {
      if (!connection.isConnected()) return UNAVAILABLE;
      const home = shardOf(citizenHash, shards);
      const answers: AcceptanceLookup[] = [];
      const found = Promise.withResolvers<void>();
      const questions = Array.from({ length: shards }, (_, shard): readonly [number, object] => {
        const subjectOf = shard === home ? receivedSubject : astraySubject;
        return [shard, { last_by_subj: subjectOf(campaignId, shard, receipt) }];
      });
      if (held !== undefined) questions.push([held.shard, { seq: held.sequence }]);
      const all = Promise.all(
        questions.map(async ([shard, what]) => {
          const one = await ask(shard, receipt, what);
          answers.push(one);
          if (one.kind === 'accepted') setTimeout(found.resolve, OTHERS_WITHIN_MS);
        }),
      );
      await Promise.race([all, found.promise]);
      return joinStored(answers, isSettled(journal()));
    },
  };
};
