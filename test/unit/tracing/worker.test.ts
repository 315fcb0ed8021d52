/** Spans in the loop of all workers, and in the parts that publish facts. */
import { describe, expect, it } from '@jest/globals';
import { Registry } from 'prom-client';
import type { Message, Settled, TierPart } from '../../../app/worker/part.ts';
import { runWorker } from '../../../app/worker/run-worker.ts';
import type { Delivery } from '../../../journal/reading.ts';
import { eventually } from '../../helpers/eventually.ts';
import { fakeTracing } from '../../helpers/fake-tracing.ts';
import { bound, createIssuanceWorld, messageOf as issuanceMessage, won } from '../../helpers/issuance.ts';
import { receivedEvent } from '../../helpers/records.ts';
import { createVerificationWorld, messageOf, PERSON, sealedEvent } from '../../helpers/verification.ts';

const PARENT = '00-0123456789abcdef0123456789abcdef-0123456789abcdef-01';
const never = new AbortController().signal;

/** One batch of a shard, then none. */
const deliver = async (part: TierPart<Settled>, headers: readonly (string | undefined)[], isTraced = true) => {
  const ended: string[] = [];
  const batch = headers.map((header, index): Delivery => {
    const sequence = index + 1;
    return {
      shard: 0,
      sequence,
      storedAtMs: 0,
      subject: 's',
      data: Buffer.from('x'),
      deliveryCount: 1,
      traceparent: () => header,
      ack: () => ended.push(`ack ${sequence}`),
      working: () => undefined,
      giveBack: () => ended.push(`back ${sequence}`),
      term: () => ended.push(`term ${sequence}`),
    };
  });
  const tracing = fakeTracing();
  const stop = new AbortController();
  let waiting: readonly Delivery[] = batch;
  const reader = {
    async fetch() {
      const now = waiting;
      waiting = [];
      if (now.length === 0) await new Promise((resolve) => setImmediate(resolve));
      return now;
    },
  };
  const log = { warn: () => undefined };
  const deps = { part, shards: 1, reader, registry: new Registry(), log, ...(isTraced ? { tracing } : {}) };
  const running = runWorker(deps, stop.signal);
  await eventually(() => ended.length === batch.length, { what: 'all settled' });
  stop.abort();
  await running;
  return { spans: tracing.ended, ended };
};

const part = (changes: Partial<TierPart<Settled>> = {}): TierPart<Settled> => ({
  tier: 'echo',
  commit: async () => ({
    setAside: [{ shard: 0, sequence: 2, kind: 'k', reason: 'r' }],
    givenBack: [{ sequence: 3, delayMs: 1 }],
  }),
  keepAside: async () => ({ setAside: [] }),
  ...changes,
});

describe('a worker', () => {
  it('continues the trace of each message that has one, and ends its span with what became of the message', async () => {
    const { spans, ended } = await deliver(part(), [PARENT, PARENT, PARENT, undefined]);
    expect(spans).toEqual([
      { name: 'echo', parent: PARENT, outcome: 'acknowledged', facts: { shard: 0, deliveries: 1 } },
      { name: 'echo', parent: PARENT, outcome: 'set_aside', facts: { shard: 0, deliveries: 1 } },
      { name: 'echo', parent: PARENT, outcome: 'given_back', facts: { shard: 0, deliveries: 1 } },
    ]);
    expect(ended).toEqual(['ack 1', 'term 2', 'back 3', 'ack 4']);
  });

  it('begins a trace only where its part says so, and for messages without one', async () => {
    const { spans } = await deliver(part({ beginsTraces: true }), [PARENT, undefined]);
    expect(spans.map(({ parent }) => parent)).toEqual([PARENT, undefined]);
  });

  it('without traces reads no header', async () => {
    const { spans, ended } = await deliver(part(), [PARENT], false);
    expect([spans, ended]).toEqual([[], ['ack 1']]);
  });
});

describe('a verdict', () => {
  it('is published with the span of its message, and the question to the provider is a span below it', async () => {
    const world = createVerificationWorld();
    const tracing = fakeTracing();
    const span = tracing.follow('verification', PARENT);
    const event = sealedEvent(receivedEvent({ campaignId: 'spring' }), PERSON);
    const message: Message = { ...messageOf(event), ...(span === undefined ? {} : { span }) };
    await world.part.commit([message], never);
    expect(world.stored.map(({ type }) => type)).toEqual(['verified']);
    expect(world.headers).toEqual([span?.traceparent]);
    expect(tracing.ended).toEqual([
      { name: 'provider.verify', parent: span?.traceparent, outcome: 'match', facts: { provider: 'p' } },
    ]);
    expect(JSON.stringify(world.stored)).not.toContain(span?.traceparent);
  });
});

describe('a voucher', () => {
  it('is issued within a trace: the request, the call of the channel, and the fact of it', async () => {
    const world = createIssuanceWorld();
    const tracing = fakeTracing();
    const [route, issue] = [tracing.root('issuance'), tracing.follow('issuance_wechat', PARENT)];
    if (route === undefined || issue === undefined) throw new Error('not traced');
    world.journal.store(bound('wechat', 'openid-1'), won());
    await world.pod.router.commit([{ ...issuanceMessage(won()), span: route }], never);
    const [issuing] = world.journal.events('issuing');
    if (issuing === undefined) throw new Error('no request was begun');
    await world.pod.channels.wechat.commit([{ ...issuanceMessage(issuing), span: issue }], never);
    expect(world.journal.headers).toEqual([
      ['issuing', route.traceparent],
      ['issued', issue.traceparent],
    ]);
    expect(tracing.ended).toEqual([{ name: 'channel.issue', parent: issue.traceparent, outcome: 'issued', facts: {} }]);
    expect(JSON.stringify(tracing.ended)).not.toContain('openid-1');
  });
});
