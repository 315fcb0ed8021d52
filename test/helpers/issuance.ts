/** Pods of the issuance tier around a journal in memory, and channels with books. A case sets only what differs. */
import { open, seal, sealingAad } from '../../app/core/sealing.ts';
import { secretKey } from '../../app/core/secret-key.ts';
import { channelPart } from '../../app/issuance/channel-part.ts';
import type { ChannelClient } from '../../app/issuance/ports.ts';
import { routerPart } from '../../app/issuance/router-part.ts';
import type { Opened } from '../../app/keys/opener.ts';
import type { Sent } from '../../app/outside/lane.ts';
import type { Message } from '../../app/worker/part.ts';
import type { IssuanceStart } from '../../contract/decisions/control.ts';
import { CHANNELS, type Channel, type EventEnvelope, type EventType } from '../../contract/envelope.ts';
import { encodeEnvelope } from '../../contract/envelope-schema.ts';
import { subjectOf } from '../../contract/names.ts';
import type { CouponIndex } from '../../journal/coupons.ts';
import type { AppendIssuing, PublishHome } from '../../journal/home-publisher.ts';
import type { StoredFact } from '../../journal/publishing.ts';
import type { FactLookup } from '../../journal/receipts/facts.ts';
import type { StreamCreatedAt } from '../../journal/streams/created-at.ts';
import { FakeClock } from './fake-clock.ts';
import { factEvent, homeShard, receiptOf, SHARDS } from './records.ts';
import { type Books, createBooks, type ScriptedOptions, scriptedChannel } from './scripted-channel.ts';

export const CAMPAIGN = 'spring';
export const RECEIPT = receiptOf('a-1');
export const VOUCHER = 'dining';
const KEY_ID = '2020-09-25-0123456789abcdef';
const key = secretKey(Buffer.alloc(32, 2));

export const aStart = (changes: Partial<IssuanceStart> = {}): IssuanceStart => ({
  v: 1,
  campaignId: CAMPAIGN,
  at: '2020-10-03T00:00:00.000Z',
  by: 'owner',
  format: 'vi1',
  channels: CHANNELS.map((channel) => ({
    channel,
    merchant: `merchant-${channel}`,
    appId: `app-${channel}`,
    stocks: [{ voucher: VOUCHER, stock: `stock-${channel}`, faceValueFen: 10_000, minimumSpendFen: 30_000 }],
  })),
  streams: Array.from({ length: SHARDS }, (_, shard) => `created-${shard}`),
  queryFirst: false,
  ...changes,
});

type Of = Parameters<typeof factEvent>[1];

export const won = (of: Of = {}): EventEnvelope => factEvent('won', { data: { voucher: VOUCHER }, ...of });
export const erased = (of: Of = {}): EventEnvelope => factEvent('erased', of);
/** The account is sealed as an intake does. */
export const bound = (channel: Channel, account: string, attempt = 1, of: Of = {}): EventEnvelope => {
  const made = factEvent('bound', { attempt, accountHash: 'c'.repeat(64), ...of });
  const plaintext = Buffer.from(JSON.stringify({ account }));
  const sealed = Buffer.from(seal(key, plaintext, sealingAad(CAMPAIGN, made.receipt))).toString('base64');
  const id = attempt === 1 ? made.id : `${made.id}.${attempt}`;
  return { ...made, id, keyId: KEY_ID, data: { channel, sealed } };
};
export const changed = (channel: Channel, attempt = 1, of: Of = {}): EventEnvelope => {
  const made = factEvent('channel_changed', { attempt, data: { channel }, ...of });
  return { ...made, id: attempt === 1 ? made.id : `${made.id}.${attempt}` };
};

export const messageOf = (event: EventEnvelope, sequence = 1, deliveryCount = 1): Message => ({
  shard: homeShard(event),
  sequence,
  storedAtMs: Date.parse(event.at),
  subject: subjectOf(event, homeShard(event)),
  data: encodeEnvelope(event),
  deliveryCount,
});

export const createMemoryJournal = () => {
  /** In order of sequence; a sequence is never used twice. */
  let stored: StoredFact[] = [];
  const of = (receipt: string, type: EventType): readonly StoredFact[] =>
    stored.filter(({ event }) => event.receipt === receipt && event.type === type);
  const journal = {
    answers: true,
    /** Trace context of each publish, by the type of its fact. */
    headers: [] as (readonly [EventType, string | undefined])[],
    /** By shard. */
    created: Array.from({ length: SHARDS }, (_, shard) => `created-${shard}`),
    /** Called before and after each access; a case makes it throw. */
    step: (_what: string): void => undefined,
    all: (): readonly StoredFact[] => stored,
    events: (type?: EventType): readonly EventEnvelope[] =>
      stored.flatMap(({ event }) => (type === undefined || event.type === type ? [event] : [])),
    store(...events: readonly EventEnvelope[]) {
      for (const event of events) stored.push({ event, sequence: (stored.at(-1)?.sequence ?? 0) + 1 });
    },
    /** The last messages are lost, and the streams are made anew from the others. */
    cut(many: number) {
      stored = stored.slice(0, Math.max(0, stored.length - many));
      journal.created = journal.created.map((created) => `${created}'`);
    },
  };
  const facts: FactLookup = {
    async last(receipt, _citizenHash, types) {
      journal.step('look up');
      if (!journal.answers) return undefined;
      const found = types.map((type) => [type, of(receipt, type).at(-1)]);
      return Object.fromEntries(found) as Awaited<ReturnType<typeof facts.last>>;
    },
    async all(receipt, _citizenHash, type) {
      journal.step('look up');
      return journal.answers ? of(receipt, type) : undefined;
    },
    async find() {
      throw new Error('issuance looks up whole facts');
    },
  };
  const publish: PublishHome = async (event, _signal, traceparent) => {
    journal.headers.push([event.type, traceparent]);
    journal.step('before publish');
    journal.store(event);
    journal.step('after publish');
  };
  const append: AppendIssuing = async (event, after, _signal, traceparent) => {
    journal.headers.push([event.type, traceparent]);
    journal.step('before append');
    const last = of(event.receipt, 'issuing').at(-1)?.sequence ?? 0;
    if (last !== after) return 'overtaken';
    journal.store(event);
    journal.step('after append');
    return 'stored';
  };
  const createdAt = async (shard: number): Promise<string | undefined> => journal.created[shard];
  return Object.assign(journal, { facts, publish, append, createdAt });
};

export interface JournalOfPod {
  readonly facts: FactLookup;
  readonly publish: PublishHome;
  readonly append: AppendIssuing;
  readonly createdAt: StreamCreatedAt;
  /** Called at steps of a pod; a case makes it throw. */
  step(what: string): void;
}

/** What a pod needs of the world besides journal and channels. */
export const createPod = (journal: JournalOfPod, clients: (channel: Channel) => ChannelClient) => {
  const counted: string[] = [];
  const lines: string[] = [];
  const sent: Sent[] = [];
  const clock = new FakeClock(Date.UTC(2020, 9, 3, 2));
  // Nothing here measures time: what waits goes on at once.
  clock.after = (_delayMs, callback) => {
    setImmediate(callback);
    return () => undefined;
  };
  const pod = {
    counted,
    lines,
    sent,
    start: aStart() as IssuanceStart | undefined,
    isOpen: true,
    opened: undefined as Opened | undefined,
    noteCoupon: (async () => 'noted') as CouponIndex['note'],
    turn: async (_signal: AbortSignal): Promise<boolean> => {
      journal.step('turn');
      return pod.isOpen;
    },
  };
  const log = { warn: (_fields: unknown, line: string) => void lines.push(line) };
  const shared = {
    campaignId: CAMPAIGN,
    site: 'default',
    start: () => pod.start,
    facts: journal.facts,
    log,
    now: () => clock.now(),
    random: () => 0,
  };
  const router = routerPart({
    ...shared,
    append: journal.append,
    metrics: {
      begun: (channel) => counted.push(`begun ${channel}`),
      skipped: (reason) => counted.push(`skipped ${reason}`),
      givenBack: (reason) => counted.push(`given back ${reason}`),
    },
  });
  const channels = Object.fromEntries(
    CHANNELS.map((channel) => {
      const lane = {
        name: channel,
        blocked: () => (pod.isOpen ? undefined : ('failing' as const)),
        turn: (signal: AbortSignal) => pod.turn(signal),
        sent: (outcome: Sent) => void sent.push(outcome),
      };
      const part = channelPart({
        ...shared,
        shards: SHARDS,
        channel,
        reach: () => ({ client: clients(channel), lane, share: () => 12 }),
        createdAt: journal.createdAt,
        opener: {
          async open(_keyId, sealed, receipt) {
            journal.step('open');
            if (pod.opened !== undefined) return pod.opened;
            const bytes = Buffer.from(sealed, 'base64');
            return { kind: 'opened', plaintext: open(key, bytes, sealingAad(CAMPAIGN, receipt)) };
          },
        },
        publish: journal.publish,
        noteCoupon: (...of) => pod.noteCoupon(...of),
        clock,
        metrics: {
          asked: (call, kind) => counted.push(`${call} ${kind}`),
          outcome: (kind) => counted.push(kind),
          skipped: (reason) => counted.push(`skipped ${reason}`),
          givenBack: (reason) => counted.push(`given back ${reason}`),
          holds: () => () => undefined,
          unnoted: (why) => counted.push(`unnoted ${why}`),
        },
      });
      return [channel, part] as const;
    }),
  ) as Readonly<Record<Channel, ReturnType<typeof channelPart>>>;
  return Object.assign(pod, { router, channels });
};
export type Pod = ReturnType<typeof createPod>;

export const createIssuanceWorld = (options: ScriptedOptions = {}) => {
  const journal = createMemoryJournal();
  const books: Books = createBooks();
  const scripted = Object.fromEntries(
    CHANNELS.map((channel) => [channel, scriptedChannel(channel, books, options)]),
  ) as Readonly<Record<Channel, ReturnType<typeof scriptedChannel>>>;
  const never = new AbortController().signal;
  const newPod = () => createPod(journal, (channel) => scripted[channel].client);
  const pod = newPod();
  /** Delivers a stored message to the consumer that takes it. @returns delay of a message that was given back */
  const deliver = async (event: EventEnvelope, deliveryCount = 1, by: Pod = pod): Promise<number | undefined> => {
    const part = event.type === 'issuing' ? by.channels[event.data['channel'] as Channel] : by.router;
    const { setAside, givenBack = [] } = await part.commit([messageOf(event, 1, deliveryCount)], never);
    if (setAside.length > 0) throw new Error(setAside[0]?.reason);
    return givenBack[0]?.delayMs;
  };
  return { journal, books, channels: scripted, newPod, pod, deliver };
};
