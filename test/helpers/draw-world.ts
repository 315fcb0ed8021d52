/** A frozen campaign in memory, as the draw's Job sees it: shards, control stream, drand, and a clock that waiting moves. */
import { hash } from 'node:crypto';
import { deriveReceipt } from '../../app/core/receipt.ts';
import { secretKey } from '../../app/core/secret-key.ts';
import { entryOf } from '../../app/draw/entry.ts';
import type { DrawJobDeps } from '../../app/draw/run-draw.ts';
import type { ControlType, Frozen } from '../../contract/decisions/control.ts';
import type { DrawOrder } from '../../contract/decisions/draw-order.ts';
import { type EventEnvelope, type EventType, NO_CITIZEN, NO_RECEIPT } from '../../contract/envelope.ts';
import { encodeEnvelope } from '../../contract/envelope-schema.ts';
import { eventSubject } from '../../contract/names.ts';
import { shardOf } from '../../contract/shard.ts';
import type { Stored } from '../../journal/reading.ts';
import { FakeDrawChain } from './fake-draw-chain.ts';

export const DRAW_CAMPAIGN = 'spring';
const campaignId = DRAW_CAMPAIGN;
const citizenKey = secretKey(Buffer.alloc(32, 9));
const SHARDS = 2;
const START_MS = Date.parse('2020-09-26T01:00:00.000Z');
const PERIOD_MS = 3_000;
const CHAIN = 'ab'.repeat(32);

const citizenHash = (person: number): string =>
  ((person * 2_654_435_761) % 2 ** 32).toString(16).padStart(8, '0').padEnd(64, '5');

export const ORDER: DrawOrder = {
  authorizedBy: 'owner',
  vouchers: [
    { voucher: 'sport', quota: 5, waitlist: 1 },
    { voucher: 'dinner', quota: 7, waitlist: 4 },
    { voucher: 'books', quota: 3, waitlist: 1 },
  ],
  sources: [
    { name: 'drand', type: 'Drand' },
    { name: 'lottery', type: 'PublicValue', description: 'the numbers, separated by spaces' },
  ],
  leadSeconds: 60,
  postponeSeconds: 600,
};

/** How a request to the outside goes; a crash after it has been carried out is one that the caller does not learn of. */
export type Pass = <T>(what: string, perform: () => Promise<T>) => Promise<T>;

export class DrawWorld {
  nowMs = START_MS;
  readonly chain = new FakeDrawChain(() => this.nowMs);
  readonly control: Partial<Record<ControlType, unknown>> = {};
  readonly shards: Stored[][] = Array.from({ length: SHARDS }, () => []);
  /** Lists of earlier winners, by digest. */
  readonly excludedLists = new Map<string, Buffer>();
  /** Drand answers. */
  isDrandUp = true;

  /** @param people registered, one in three for sport; every seventh is withdrawn. Nothing is won without an entry: books */
  constructor(people: number) {
    for (let person = 0; person < people; person += 1) {
      this.store(this.event('received', person));
      if (person % 7 === 6) this.store(this.event('withdrawn', person));
    }
    const barriers = this.shards.map((_, shard) => this.#put(this.event('barrier', 0), shard));
    const frozen: Frozen = {
      v: 1,
      campaignId,
      at: new Date(START_MS).toISOString(),
      barriers,
      unverified: 'unchecked',
    };
    this.control.frozen = frozen;
  }

  receiptOf(person: number) {
    return deriveReceipt(citizenKey, campaignId, citizenHash(person), 'key');
  }

  entryOf(person: number): Buffer {
    const { receiptNo, receiptSecret } = this.receiptOf(person);
    return entryOf(campaignId, receiptNo, receiptSecret);
  }

  event(type: EventType, person: number): EventEnvelope {
    const isBarrier = type === 'barrier';
    const receipt = isBarrier ? NO_RECEIPT : this.receiptOf(person).receiptNo;
    return {
      v: 1,
      id: type === 'received' ? receipt : `${receipt}.${type}`,
      type,
      kind: 'citizen',
      campaignId,
      receipt,
      citizenHash: isBarrier ? NO_CITIZEN : citizenHash(person),
      at: new Date(START_MS - 3_600_000 + person).toISOString(),
      site: 'default',
      keyId: '',
      data:
        type === 'received'
          ? {
              sealed: 'x',
              channel: 'wechat',
              category: DrawWorld.voucherOf(person),
              locale: 'zh-CN',
              policyVersion: '1',
            }
          : {},
    };
  }

  static voucherOf(person: number): string {
    return person % 3 === 0 ? 'sport' : 'dinner';
  }

  /** Into its citizen's home shard. */
  store(event: EventEnvelope): void {
    this.#put(event, shardOf(event.citizenHash, SHARDS));
  }

  #put(event: EventEnvelope, shard: number): number {
    const stream = this.shards[shard] ?? [];
    const subject = eventSubject(campaignId, shard, event.type, event.receipt);
    return stream.push({
      sequence: stream.length + 1,
      storedAtMs: this.nowMs,
      subject,
      data: encodeEnvelope(event),
    });
  }

  /** Facts behind the barriers. @param types won and waitlisted unless stated */
  facts(...types: readonly EventType[]): readonly EventEnvelope[] {
    const wanted = types.length === 0 ? ['won', 'waitlisted'] : types;
    return this.shards
      .flat()
      .map(({ data }): EventEnvelope => JSON.parse(Buffer.from(data).toString()))
      .filter(({ type }) => wanted.includes(type));
  }

  /** Of one process. @param pass by which each of its requests goes */
  job(order: DrawOrder | undefined = ORDER, pass: Pass = async (_, perform) => perform()): DrawJobDeps {
    const { control, shards, chain } = this;
    const append = async (type: 'listed', value: object) => {
      const kind: 'appended' | 'exists' = type in control ? 'exists' : 'appended';
      control[type] ??= JSON.parse(JSON.stringify(value));
      return { kind, entry: { value: control[type] } };
    };
    return {
      campaignId,
      shards: SHARDS,
      site: 'default',
      citizenKey,
      order,
      excludedLists: {
        read: async ({ digest }) => {
          const list = this.excludedLists.get(digest);
          if (list === undefined) throw new Error(`there is no list ${digest}`);
          return list;
        },
      },
      decisions: {
        read: (type) => pass(`read ${type}`, async () => (type in control ? { value: control[type] } : undefined)),
        append: (type, value) => pass(`append ${type}`, () => append(type, value)),
      },
      steps: {
        read: () => pass('read the steps', chain.read),
        append: (step, after) => pass(`append ${step.step}`, () => chain.append(step, after)),
      },
      replay: {
        async *replay(shard, fromSequence) {
          const messages = await pass('replay', async () => (shards[shard] ?? []).slice(fromSequence - 1));
          for (let from = 0; from < messages.length; from += 5) yield messages.slice(from, from + 5);
        },
      },
      publish: (event) => pass(`publish ${event.type}`, async () => this.store(event)),
      drand: {
        chain: CHAIN,
        roundFrom: (atMs) => {
          const round = Math.ceil(atMs / PERIOD_MS);
          return { round, atMs: round * PERIOD_MS };
        },
        value: ({ name, round }) =>
          pass('ask drand', async () =>
            this.isDrandUp && this.nowMs >= round * PERIOD_MS
              ? { name, hex: hash('sha256', `round ${round}`), signature: 'cd'.repeat(48) }
              : undefined,
          ),
      },
      now: () => this.nowMs,
      wait: async (ms) => {
        this.nowMs += ms;
        await new Promise((resolve) => setImmediate(resolve));
      },
      note: () => undefined,
    };
  }
}
