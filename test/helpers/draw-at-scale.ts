/**
 * The draw's Job from the frozen journal to the last fact, with people who are made as they are read: one registration and one verdict
 * each. Nothing of them is kept here, so the memory of the process is that of the Job.
 */
import { hash } from 'node:crypto';
import { secretKey } from '../../app/core/secret-key.ts';
import { writeReceipt } from '../../app/draw/receipt-words.ts';
import { runDrawJob } from '../../app/draw/run-draw.ts';
import type { Frozen } from '../../contract/decisions/control.ts';
import { type EventEnvelope, type EventType, NO_CITIZEN, NO_RECEIPT } from '../../contract/envelope.ts';
import { encodeEnvelope } from '../../contract/envelope-schema.ts';
import { eventSubject } from '../../contract/names.ts';
import type { Stored } from '../../journal/reading.ts';
import { FakeDrawChain } from './fake-draw-chain.ts';

const campaignId = 'bench';
const BATCH = 500;
const PERIOD_MS = 3_000;
const START_MS = Date.UTC(2020, 8, 26);
const words = new Uint32Array(4);
const text = Buffer.alloc(26);

/** Person, then type: message 1 of person 0 is the registration, message 2 the verdict. */
const eventOf = (sequence: number, barrier: number): EventEnvelope => {
  const isBarrier = sequence === barrier;
  const person = Math.floor((sequence - 1) / 2);
  const type: EventType = isBarrier ? 'barrier' : sequence % 2 === 1 ? 'received' : 'verified';
  const digest = hash('sha256', String(person));
  for (let word = 0; word < 4; word += 1) words[word] = Number.parseInt(digest.slice(word * 8 + 16, word * 8 + 24), 16);
  writeReceipt(words, 0, text, 0);
  const receipt = isBarrier ? NO_RECEIPT : text.toString('latin1');
  const category = person % 5 === 0 ? 'sport' : 'dinner';
  return {
    v: 1,
    id: `${receipt}.${type}`,
    type,
    kind: 'citizen',
    campaignId,
    receipt,
    citizenHash: isBarrier ? NO_CITIZEN : digest,
    at: new Date(START_MS - 86_400_000 + (person % 86_000_000)).toISOString(),
    site: 'default',
    keyId: '',
    data:
      type === 'received' ? { sealed: 'c2Vh', channel: 'wechat', category, locale: 'zh-CN', policyVersion: '1' } : {},
  };
};

/** @param people in one shard */
export const drawAtScale = async (people: number) => {
  const barrier = people * 2 + 1;
  let nowMs = START_MS;
  const chain = new FakeDrawChain(() => nowMs);
  const frozen: Frozen = {
    v: 1,
    campaignId,
    at: new Date(START_MS).toISOString(),
    barriers: [barrier],
    unverified: 'exclude',
  };
  let listed: unknown;
  let published = 0;
  let messages = 0;
  const messageAt = (sequence: number): Stored => {
    const event = eventOf(sequence, barrier);
    const subject = eventSubject(campaignId, 0, event.type, event.receipt);
    return { sequence, storedAtMs: START_MS, subject, data: encodeEnvelope(event) };
  };
  const quota = (share: number) => Math.floor(people * share * 0.75);
  const startMs = performance.now();
  const marks: Record<string, number> = {};
  const state = await runDrawJob(
    {
      campaignId,
      shards: 1,
      site: 'default',
      citizenKey: secretKey(Buffer.alloc(32, 1)),
      order: {
        authorizedBy: 'owner',
        vouchers: [
          { voucher: 'dinner', quota: quota(0.8), waitlist: Math.ceil(quota(0.8) / 10) },
          { voucher: 'sport', quota: quota(0.2), waitlist: Math.ceil(quota(0.2) / 10) },
        ],
        sources: [{ name: 'drand', type: 'Drand' }],
        leadSeconds: 60,
        postponeSeconds: 3_600,
      },
      excludedLists: { read: () => Promise.reject(new Error('there is no list')) },
      decisions: {
        read: async (type) =>
          type === 'frozen' ? { value: frozen } : listed === undefined ? undefined : { value: listed },
        append: async (_, value) => {
          listed ??= JSON.parse(JSON.stringify(value));
          return { kind: 'exists', entry: { value: listed } };
        },
      },
      steps: { read: chain.read, append: chain.append },
      replay: {
        async *replay(_, fromSequence) {
          for (let from = fromSequence; from <= barrier; from += BATCH) {
            const to = Math.min(barrier + 1, from + BATCH);
            messages += to - from;
            yield Array.from({ length: to - from }, (_one, index) => messageAt(from + index));
          }
        },
      },
      publish: async (event) => {
        encodeEnvelope(event);
        published += 1;
      },
      drand: {
        chain: 'ab'.repeat(32),
        roundFrom: (atMs) => ({ round: Math.ceil(atMs / PERIOD_MS), atMs: Math.ceil(atMs / PERIOD_MS) * PERIOD_MS }),
        value: async ({ name, round }) => ({ name, hex: hash('sha256', `round ${round}`), signature: 'cd'.repeat(48) }),
      },
      now: () => nowMs,
      wait: async (ms) => {
        nowMs += ms;
      },
      note: (what, details) => {
        const step = 'step' in details ? String(details.step) : what;
        marks[step] = Number(((performance.now() - startMs) / 1_000).toFixed(1));
      },
    },
    new AbortController().signal,
  );
  // What the test itself costs: the messages alone, which are made anew in each pass.
  const makeMs = performance.now();
  for (let sequence = 1; sequence <= barrier; sequence += 1) messageAt(sequence);
  const makeSeconds = ((performance.now() - makeMs) / 1_000) * (messages / barrier);
  const totalSeconds = (makeMs - startMs) / 1_000;
  return {
    people,
    facts: published,
    announced: state.announced !== undefined,
    passes: Math.round(messages / barrier),
    totalSeconds: Number(totalSeconds.toFixed(1)),
    withoutMakingMessagesSeconds: Number((totalSeconds - makeSeconds).toFixed(1)),
    stepsAtSeconds: marks,
    mostRssMiB: Math.round(process.resourceUsage().maxRSS / 1_024),
  };
};
