/**
 * A journal that runs out of room, in both ways in which one can, and once more through the whole stack as a citizen
 * meets it. Refusals say that the journal is full, in good time; nothing that was acknowledged is lost. The comparison is
 * held to itself: one receipt that was never published must be reported as lost, and only that one.
 *
 * A server at its own limit of storage gives its leaderships away without a word. What was on its way to it then may be
 * stored or not, so nothing but `timeout` would be true of it: those few, never more than were in flight, are counted
 * apart as `unsettled`. A stream that reaches its bytes answers everybody.
 */
import { randomUUID } from 'node:crypto';
import { Registry } from 'prom-client';
import { z } from 'zod';
import { createPublisher } from '../../journal/publisher.ts';
import { readJournal } from '../../local/ledger-check/read-journal.ts';
import { type Answered, type Receipt, receiptOf, receiptState, register } from '../helpers/citizen-client.ts';
import { enlargeStores } from '../helpers/enlarge-stores.ts';
import { eventually } from '../helpers/eventually.ts';
import { copiesInJournal, lostOf } from '../helpers/read-back.ts';
import { journalSpec, type RealJournal, startRealJournal } from '../helpers/real-journal.ts';
import { receivedEvent, SHARDS } from '../helpers/records.ts';
import type { Scenario } from '../helpers/scenario.ts';
import { withStack } from '../helpers/with-stack.ts';

interface Refusal {
  readonly reason: string;
  readonly ms: number;
  /** Whether the answer says when to come again. */
  readonly saysWhen: boolean;
}
type Answer = { readonly receipt: string } | Omit<Refusal, 'ms'>;

interface Filled {
  readonly acknowledged: readonly string[];
  readonly refusals: readonly Refusal[];
}

interface Outcome {
  readonly acknowledged: number;
  readonly refused: Readonly<Record<string, number>>;
  /** Refused without knowing whether the message was stored. */
  readonly unsettled: number;
  readonly allSayWhen: boolean;
  /** Of those that are settled. */
  readonly refusalP50Ms: number;
  readonly refusalMaxMs: number;
  readonly lost: number;
  readonly lostWithOneInvented: number;
}

const MIB = 2 ** 20;
const AT_A_TIME = 8;
const REFUSALS = 300;
const FULL_WITHIN_MS = 90_000;
/** A publish gives up after 3 s; a refusal that comes within one has not waited for a time-out. */
const QUICK_MS = 1_000;
const UNSETTLED = 'timeout';
const INVENTED = 'a receipt that nobody acknowledged';

/** Asks without a pause until so many refusals have come; `n` counts from 0. */
const fillUp = async (ask: (n: number) => Promise<Answer>, signal: AbortSignal): Promise<Filled> => {
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(FULL_WITHIN_MS)]);
  const acknowledged: string[] = [];
  const refusals: Refusal[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    while (refusals.length < REFUSALS) {
      deadline.throwIfAborted();
      const startedAtMs = performance.now();
      const answer = await ask(next++);
      if ('receipt' in answer) acknowledged.push(answer.receipt);
      else refusals.push({ ...answer, ms: Math.round((performance.now() - startedAtMs) * 10) / 10 });
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, worker));
  return { acknowledged, refusals };
};

const outcomeOf = ({ acknowledged, refusals }: Filled, held: ReadonlyMap<string, number>): Outcome => {
  const refused: Record<string, number> = {};
  for (const { reason } of refusals) refused[reason] = (refused[reason] ?? 0) + 1;
  const settled = refusals.filter(({ reason }) => reason !== UNSETTLED);
  const ms = settled.map((one) => one.ms).sort((a, b) => a - b);
  return {
    acknowledged: acknowledged.length,
    refused,
    unsettled: refusals.length - settled.length,
    allSayWhen: refusals.every(({ saysWhen }) => saysWhen),
    refusalP50Ms: ms[Math.floor(ms.length / 2)] ?? 0,
    refusalMaxMs: ms.at(-1) ?? 0,
    lost: lostOf(acknowledged, held).length,
    lostWithOneInvented: lostOf([...acknowledged, INVENTED], held).length,
  };
};

const holdsFor = (outcome: Outcome, reason: string, unsettledAtMost = 0): boolean =>
  outcome.acknowledged > 0 &&
  Object.keys(outcome.refused).every((one) => one === reason || one === UNSETTLED) &&
  outcome.unsettled <= unsettledAtMost &&
  outcome.allSayWhen &&
  outcome.refusalMaxMs <= QUICK_MS &&
  outcome.lost === 0 &&
  outcome.lostWithOneInvented === 1;

/** As large as a message may be expected to get, and random. */
const bulky = (): string => Buffer.from(crypto.getRandomValues(new Uint8Array(2_900))).toString('base64');

interface Room {
  readonly shardMaxBytes: number;
  readonly maxFileStoreBytes?: number;
  /** Makes a journal that is full readable again, as an administrator would. */
  readonly makeRoom?: (journal: RealJournal) => Promise<void>;
}

/** The publisher alone, on three servers. */
const fillJournal = async ({ shardMaxBytes, maxFileStoreBytes, makeRoom }: Room, signal: AbortSignal) => {
  const journal = await startRealJournal(maxFileStoreBytes === undefined ? {} : { maxFileStoreBytes });
  try {
    const spec = journalSpec();
    const { campaignId } = spec;
    const admin = journal.admins({ shardMaxBytes });
    await eventually(async () => (await admin.ensure(spec, signal)).kind === 'ready', {
      what: 'the streams',
    });
    const { publish } = createPublisher({
      connection: await journal.connect('publisher'),
      campaignId,
      shards: SHARDS,
      registry: new Registry(),
      monotonicMs: () => performance.now(),
      signal,
    });
    const filled = await fillUp(async (n) => {
      const event = receivedEvent({ campaignId, citizen: n, sealed: bulky() });
      const outcome = await publish(event);
      if (outcome.kind === 'acknowledged') return { receipt: event.receipt };
      return { reason: outcome.reason, saysWhen: outcome.retryAfterMs > 0 };
    }, signal);
    await makeRoom?.(journal);
    const held = await eventually(() => copiesInJournal(journal.connection, campaignId, signal), {
      what: 'a journal that can be read',
    });
    return { filled, outcome: outcomeOf(filled, held) };
  } finally {
    await journal.stop();
  }
};

const problem = z.object({ code: z.string() });

const answerOf = (answered: Answered): Answer => {
  const receipt = receiptOf(answered);
  if (receipt !== undefined) return { receipt: receipt.receiptNo };
  const { success, data } = problem.safeParse(answered.body);
  return {
    reason: `${answered.status} ${success ? data.code : 'without a code'}`,
    saysWhen: Number(answered.retryAfter) >= 1,
  };
};

/** The whole stack, asked over HTTP; read by the auditor, which shares no code with the app. */
const fillStack = (signal: AbortSignal) =>
  withStack(
    { intake: { min: 2, max: 2, capacityPerReplica: 2_000 } },
    signal,
    async (stack) => {
      let first: Receipt | undefined;
      const filled = await fillUp(async (n) => {
        const answered = await register(stack.url, n, randomUUID());
        first ??= receiptOf(answered);
        return answerOf(answered);
      }, signal);
      const { received } = await readJournal(
        { ...stack.ledgerCheck, campaignId: stack.campaignId, shards: stack.shards },
        signal,
      );
      const held = new Map(received.map(({ receipt }) => [receipt, 1]));
      // A journal without room refuses what is new; who has a receipt is still answered.
      const status = first === undefined ? undefined : (await receiptState(stack.url, first)).status;
      return { filled, outcome: outcomeOf(filled, held), receiptStatus: status };
    },
    { shardMaxBytes: MIB / 2 },
  );

export const scenario: Scenario = {
  issue: '02',
  async run({ signal, progress }) {
    progress('streams that reach their bytes');
    const streams = await fillJournal({ shardMaxBytes: 3 * MIB }, signal);
    progress('servers that reach their storage, with streams that have no bound of their own');
    const servers = await fillJournal(
      {
        shardMaxBytes: -1,
        maxFileStoreBytes: 48 * MIB,
        makeRoom: (journal) => enlargeStores(journal, 512 * MIB),
      },
      signal,
    );
    progress('the whole stack, over HTTP');
    const stack = await fillStack(signal);
    return {
      kind: 'ran',
      holds:
        holdsFor(streams.outcome, 'journal_full') &&
        holdsFor(servers.outcome, 'journal_full', AT_A_TIME) &&
        holdsFor(stack.outcome, '503 JOURNAL_FULL') &&
        stack.receiptStatus === 200,
      summary: {
        streamBytes: streams.outcome,
        serverStorage: servers.outcome,
        http: { ...stack.outcome, receiptStatus: stack.receiptStatus },
      },
      raw: {
        streamBytes: streams.filled.refusals,
        serverStorage: servers.filled.refusals,
        http: stack.filled.refusals,
      },
    };
  },
};
