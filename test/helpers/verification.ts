/** A part of the verification tier around memory: a journal of facts, a data key, and a provider that a case replaces. */
import { seal, sealingAad } from '../../app/core/sealing.ts';
import { secretKey } from '../../app/core/secret-key.ts';
import { createOpener } from '../../app/keys/opener.ts';
import type { WrapKeys } from '../../app/keys/privacy-keys.ts';
import { unwrapDataKey, wrapDataKey } from '../../app/keys/wrapping.ts';
import type { Sent } from '../../app/outside/lane.ts';
import type { Asserted } from '../../app/verification/asserted.ts';
import { type VerificationMetrics, verificationPart } from '../../app/verification/part.ts';
import type { IdentityQuestion, ProviderAnswer } from '../../app/verification/ports.ts';
import type { EventEnvelope } from '../../contract/envelope.ts';
import { encodeEnvelope } from '../../contract/envelope-schema.ts';
import { eventSubject } from '../../contract/names.ts';
import type { FactLookup } from '../../journal/receipts/facts.ts';
import { homeShard, SHARDS } from './records.ts';

export const CAMPAIGN = 'spring';
const DAY = '2020-09-25';
const keys: WrapKeys = { newestId: 'a', byId: new Map([['a', secretKey(Buffer.alloc(32, 1))]]) };
const wrapped = wrapDataKey(Buffer.alloc(32, 2), keys, CAMPAIGN, DAY);
const dataKey = unwrapDataKey(wrapped, keys, CAMPAIGN, DAY);

/** The same event, with these fields sealed as an intake does. */
export const sealedEvent = (event: EventEnvelope, fields: object): EventEnvelope => {
  const plaintext = Buffer.from(JSON.stringify(fields), 'utf8');
  const sealed = Buffer.from(seal(dataKey.key, plaintext, sealingAad(CAMPAIGN, event.receipt))).toString('base64');
  return { ...event, keyId: dataKey.id, data: { ...event.data, sealed } };
};

export const messageOf = (event: EventEnvelope, sequence = 1, deliveryCount = 1) => ({
  shard: homeShard(event),
  sequence,
  storedAtMs: Date.parse(event.at),
  subject: eventSubject(CAMPAIGN, homeShard(event), event.type, event.receipt),
  data: encodeEnvelope(event),
  deliveryCount,
});

export const createVerificationWorld = () => {
  const stored: EventEnvelope[] = [];
  const asked: IdentityQuestion[] = [];
  const counted: string[] = [];
  /** Trace context of each publish. */
  const headers: (string | undefined)[] = [];
  const lines: string[] = [];
  const fields: Readonly<Record<string, unknown>>[] = [];
  const entries = new Map<string, Uint8Array | undefined>([[dataKey.id, wrapped]]);
  const world = {
    stored,
    asked,
    counted,
    headers,
    lines,
    /** Of each line. */
    fields,
    /** Data keys by name; undefined: destroyed on purpose. */
    entries,
    nowMs: 0,
    sent: [] as Sent[],
    /** No login, unless a case says otherwise. */
    asserted: (async () => undefined) as Asserted,
    journalAnswers: true,
    bucketAnswers: true,
    isOpen: true,
    turn: async (_signal: AbortSignal): Promise<boolean> => true,
    answer: async (_question: IdentityQuestion): Promise<ProviderAnswer> => ({ kind: 'match', code: '0' }),
  };
  const facts: Pick<FactLookup, 'find'> = {
    async find(receipt, _citizenHash, types) {
      if (!world.journalAnswers) return undefined;
      const last = (type: string): number =>
        stored.findLast((event) => event.receipt === receipt && event.type === type)?.attempt ??
        (stored.some((event) => event.receipt === receipt && event.type === type) ? 1 : 0);
      return Object.fromEntries(types.map((type) => [type, last(type)])) as Awaited<ReturnType<typeof facts.find>>;
    },
  };
  const metrics: VerificationMetrics = {
    question: (provider, outcome) => counted.push(`${provider} ${outcome}`),
    verdict: (type) => counted.push(type),
    skipped: (reason) => counted.push(`skipped ${reason}`),
    givenBack: (reason) => counted.push(`given back ${reason}`),
    holds: () => () => undefined,
  };
  const lane = {
    name: 'p',
    blocked: () => (world.isOpen ? undefined : ('failing' as const)),
    turn: (signal: AbortSignal) => world.turn(signal),
    sent: (outcome: Sent) => void world.sent.push(outcome),
  };
  const provider = {
    name: 'p',
    verify(question: IdentityQuestion): Promise<ProviderAnswer> {
      asked.push(question);
      return world.answer(question);
    },
  };
  const part = verificationPart({
    campaignId: CAMPAIGN,
    site: 'default',
    shards: SHARDS,
    desks: { choose: () => (world.isOpen ? { lane, provider } : undefined), room: () => (world.isOpen ? 60 : 0) },
    opener: createOpener({
      campaignId: CAMPAIGN,
      store: {
        async get(name) {
          if (!world.bucketAnswers) throw new Error('bucket is away');
          return entries.get(name);
        },
        look: async () => ({ names: [...entries.keys()], lastSequence: 1 }),
      },
      readWrapKeys: async () => keys,
      monotonicMs: () => world.nowMs,
    }),
    asserted: (...asked) => world.asserted(...asked),
    facts,
    publish: async (event, _signal, traceparent) => {
      stored.push(event);
      headers.push(traceparent);
    },
    metrics,
    log: {
      warn(of, line) {
        lines.push(line);
        fields.push(of);
      },
    },
    now: () => Date.UTC(2020, 8, 25, 2),
    random: () => 0,
  });
  return Object.assign(world, { part });
};

export const PERSON = { name: '测试一', idType: 'resident', idNumber: '560101195001010018', phone: '15400000001' };
