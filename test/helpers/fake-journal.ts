/** A journal in memory that delivers as JetStream's pull consumers do: at least once, again after ackWaitMs. */
import type { EventEnvelope } from '../../contract/envelope.ts';
import { encodeEnvelope } from '../../contract/envelope-schema.ts';
import { eventSubject } from '../../contract/names.ts';
import type { Delivery, JournalReader, JournalReplay } from '../../journal/reading.ts';
import { eventually } from './eventually.ts';

interface Stored {
  readonly sequence: number;
  readonly storedAtMs: number;
  readonly subject: string;
  readonly data: Uint8Array;
  state: 'waiting' | 'delivered' | 'acked' | 'termed';
  deliveries: number;
  againAtMs: number;
  reason?: string;
}

export class FakeJournal implements JournalReader, JournalReplay {
  readonly #shards: readonly Stored[][];
  readonly #ackWaitMs: number;
  /** Rejects fetches while set. */
  outage: Error | undefined;
  workingCalls = 0;

  constructor({ shards = 3, ackWaitMs = 30_000 }: { readonly shards?: number; readonly ackWaitMs?: number } = {}) {
    this.#shards = Array.from({ length: shards }, () => []);
    this.#ackWaitMs = ackWaitMs;
  }

  append(shard: number, ...messages: readonly (EventEnvelope | Uint8Array)[]): void {
    const stream = this.#stream(shard);
    for (const message of messages) {
      const data = ArrayBuffer.isView(message) ? message : encodeEnvelope(message);
      // When the event says it happened: a journal whose clock agrees.
      const storedAtMs = ArrayBuffer.isView(message) ? 0 : Date.parse(message.at);
      const type = ArrayBuffer.isView(message) ? 'received' : message.type;
      const subject = eventSubject('spring', shard, type, 'R');
      stream.push({
        sequence: stream.length + 1,
        storedAtMs,
        subject,
        data,
        state: 'waiting',
        deliveries: 0,
        againAtMs: 0,
      });
    }
  }

  /** Messages that are not settled. */
  get outstanding(): number {
    return this.#all().filter(({ state }) => state === 'waiting' || state === 'delivered').length;
  }

  get acked(): number {
    return this.#all().filter(({ state }) => state === 'acked').length;
  }

  get termed(): readonly string[] {
    return this.#all().flatMap(({ reason }) => (reason === undefined ? [] : [reason]));
  }

  get redelivered(): number {
    return this.#all().filter(({ deliveries }) => deliveries > 1).length;
  }

  async fetch(
    { shard, maxMessages, expiresMs }: Parameters<JournalReader['fetch']>[0],
    signal: AbortSignal,
  ): Promise<readonly Delivery[]> {
    const stream = this.#stream(shard);
    const due = (): readonly Stored[] | Error | false => {
      if (this.outage !== undefined) return this.outage;
      const ready = stream
        .filter(
          ({ state, againAtMs }) => state === 'waiting' || (state === 'delivered' && againAtMs < performance.now()),
        )
        .slice(0, maxMessages);
      return ready.length > 0 && ready;
    };
    const patience = { timeoutMs: expiresMs, everyMs: 5, what: 'messages', signal };
    const found = await eventually(due, patience).catch(() => []);
    if (found instanceof Error) throw found;
    return found.map((message) => this.#deliver(shard, message));
  }

  async *replay(shard: number, fromSequence: number): AsyncGenerator<readonly Stored[]> {
    const messages = this.#stream(shard).slice(fromSequence - 1);
    for (let at = 0; at < messages.length; at += 200) yield messages.slice(at, at + 200);
  }

  async lastSequence(shard: number): Promise<number> {
    return this.#stream(shard).length;
  }

  #deliver(shard: number, message: Stored): Delivery {
    message.state = 'delivered';
    message.deliveries += 1;
    message.againAtMs = performance.now() + this.#ackWaitMs;
    return {
      shard,
      sequence: message.sequence,
      storedAtMs: message.storedAtMs,
      subject: message.subject,
      data: message.data,
      deliveryCount: message.deliveries,
      ack: () => {
        message.state = 'acked';
      },
      working: () => {
        this.workingCalls += 1;
        message.againAtMs = performance.now() + this.#ackWaitMs;
      },
      giveBack: (delayMs) => {
        message.againAtMs = performance.now() + delayMs;
      },
      term: (reason) => {
        message.state = 'termed';
        message.reason = reason;
      },
    };
  }

  #stream(shard: number): Stored[] {
    const stream = this.#shards[shard];
    if (stream === undefined) throw new Error(`no shard ${shard}`);
    return stream;
  }

  #all(): readonly Stored[] {
    return this.#shards.flat();
  }
}
