/** Events and histories for the records tests; a case sets only what differs. */
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { encodeCrockford } from '../../app/core/crockford.ts';
import type { JournalledEvent } from '../../app/records/ports.ts';
import type { EventEnvelope, EventKind, EventType } from '../../contract/envelope.ts';
import { shardOf } from '../../contract/shard.ts';

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

export const citizenOf = (name: string | number): string => digest(`citizen ${name}`).toString('hex');
export const receiptOf = (name: string | number): string => encodeCrockford(digest(`receipt ${name}`).subarray(0, 16));
/** Millisecond `n` of the campaign's first hour. */
export const instant = (n: number): string => new Date(Date.UTC(2020, 8, 25, 1, 0, 0, n)).toISOString();

export interface ReceivedOverrides {
  readonly campaignId?: string;
  readonly citizen?: string | number;
  readonly receipt?: string | number;
  readonly atMs?: number;
  readonly kind?: EventKind;
  readonly sealed?: string;
  readonly site?: string;
}

export const receivedEvent = (overrides: ReceivedOverrides = {}): EventEnvelope => {
  const { campaignId = 'spring', citizen = 'a', receipt = `${citizen}-1`, atMs = 0, kind = 'citizen' } = overrides;
  return {
    v: 1,
    id: receiptOf(receipt),
    type: 'received',
    kind,
    campaignId,
    receipt: receiptOf(receipt),
    citizenHash: citizenOf(citizen),
    at: instant(atMs),
    site: overrides.site ?? 'default',
    keyId: '2020-09-25',
    data: {
      sealed: Buffer.from(overrides.sealed ?? `sealed of ${receipt}`).toString('base64'),
      channel: 'wechat',
      category: 'dining',
      locale: 'zh-CN',
      policyVersion: '1',
    },
  };
};

export const factEvent = (
  type: EventType,
  overrides: ReceivedOverrides & {
    readonly n?: number;
    readonly attempt?: number;
    readonly data?: Readonly<Record<string, unknown>>;
    readonly accountHash?: string;
  } = {},
): EventEnvelope => {
  const base = receivedEvent(overrides);
  const id = `${base.receipt}.${type}${overrides.n === undefined ? '' : `.${overrides.n}`}`;
  const { v, citizenHash, at, site, ...rest } = base;
  const { attempt, accountHash, data = {} } = overrides;
  // Members in the order of the schema, as a decoded one has them.
  return {
    v,
    id,
    type,
    ...(attempt === undefined || attempt === 1 ? {} : { attempt }),
    kind: rest.kind,
    campaignId: rest.campaignId,
    receipt: rest.receipt,
    citizenHash,
    ...(accountHash === undefined ? {} : { accountHash }),
    at,
    site,
    keyId: '',
    data,
  };
};

export const journalled = (event: EventEnvelope, sequence = 1, shard = 0): JournalledEvent => ({
  shard,
  sequence,
  event,
});

/** `count` citizens with a receipt each; the sealed part is as long as a real one. */
export const manyReceived = (campaignId: string, count: number, from = 0): EventEnvelope[] =>
  Array.from({ length: count }, (_, i) =>
    receivedEvent({ campaignId, citizen: from + i, atMs: (from + i) % 3_000_000, sealed: 'x'.repeat(140) }),
  );

export const SHARDS = 3;
export const homeShard = (event: EventEnvelope): number => shardOf(event.citizenHash, SHARDS);

/**
 * A history in which much collides: few people, receipts, instants, contents and positions. Positions are per copy, as
 * in a journal: the same copy delivered twice keeps its own.
 */
export const history = (campaignId: string): fc.Arbitrary<readonly JournalledEvent[]> => {
  const small = fc.integer({ min: 0, max: 2 });
  const received = fc
    .record({
      citizen: small,
      receipt: small,
      atMs: small,
      sealed: fc.constantFrom('p', 'q'),
      site: fc.constantFrom('east', 'west'),
    })
    .map(({ citizen, receipt, ...rest }) =>
      receivedEvent({
        campaignId,
        citizen,
        receipt: `${citizen}-${receipt}`,
        ...rest,
        ...(citizen === 2 ? { kind: 'canary' as const } : {}),
      }),
    );
  const fact = fc
    .record({
      type: fc.constantFrom('bound' as const, 'rejected' as const, 'corrected' as const, 'erased' as const),
      attempt: fc.integer({ min: 1, max: 3 }),
      account: fc.constantFrom('c', 'd'),
      citizen: small,
      receipt: small,
      atMs: small,
      n: small,
      note: fc.constantFrom('\u0000', '"quoted\\', '好'),
    })
    .map(({ type, citizen, receipt, account, note, ...rest }) =>
      factEvent(type, {
        campaignId,
        citizen,
        receipt: `${citizen}-${receipt}`,
        data: { note },
        ...(type === 'bound' ? { accountHash: account.repeat(64) } : {}),
        ...rest,
      }),
    );
  return fc
    .array(fc.tuple(fc.oneof({ weight: 4, arbitrary: received }, { weight: 1, arbitrary: fact }), small), {
      minLength: 1,
      maxLength: 24,
    })
    .map((events) => events.map(([event, shard], index) => journalled(event, index + 1, shard)));
};
