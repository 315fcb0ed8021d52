import { beforeEach, describe, expect, it } from '@jest/globals';
import type { ApiCall, KubeClient } from '../../../operator/kube/client.ts';
import { boundedNote, createEventSink, type RunningEventSink } from '../../../operator/kube/event-sink.ts';
import type { CampaignEvent } from '../../../operator/tick/ports.ts';
import { aCampaign } from '../../helpers/a-campaign.ts';
import { FakeClock, settle } from '../../helpers/fake-clock.ts';

let clock: FakeClock;
let calls: ApiCall[];
let dropped: string[];
let answer: () => Promise<unknown>;
let stop: AbortController;
let sink: RunningEventSink;
let ended: Promise<void>;

const scaled = (message = 'intake 2 → 10'): CampaignEvent => ({ type: 'Normal', reason: 'ScaledUp', message });

beforeEach(() => {
  clock = new FakeClock(Date.parse('2020-09-25T02:00:00Z'));
  calls = [];
  dropped = [];
  answer = async () => ({});
  stop = new AbortController();
  const client: KubeClient = {
    call: async (call) => {
      calls.push(call);
      return answer();
    },
    open: () => Promise.reject(new Error('events are not watched')),
  };
  sink = createEventSink({ client, clock, instance: 'operator-0', onDropped: (reason) => dropped.push(reason) });
  ended = sink.run(stop.signal);
});

const end = async (): Promise<void> => {
  stop.abort();
  await clock.advance(1_000);
  await ended;
};

describe('the event sink', () => {
  it('writes what kubectl describe shows', async () => {
    sink.emit(aCampaign(), scaled());
    await settle();
    expect(calls).toHaveLength(1);
    expect(calls[0]).toMatchObject({ verb: 'create', namespace: 'vouchers' });
    expect(calls[0]?.body).toMatchObject({
      eventTime: '2020-09-25T02:00:00.000000Z',
      type: 'Normal',
      reason: 'ScaledUp',
      note: 'intake 2 → 10',
      reportingController: 'voucher-operator.io/voucher-operator',
      reportingInstance: 'operator-0',
      regarding: { kind: 'VoucherCampaign', name: 'chengdu', namespace: 'vouchers', uid: 'uid-1' },
    });
    await end();
  });

  it('counts equal events in a series: the second at once, then once a minute', async () => {
    for (let second = 0; second < 130; second += 1) {
      sink.emit(aCampaign(), scaled());
      await clock.advance(1_000);
    }
    expect(calls.map(({ verb }) => verb)).toEqual(['create', 'patch', 'patch', 'patch']);
    const counts = calls.slice(1).map(({ body }) => body);
    expect(counts).toEqual(
      [2, 62, 122].map((count) => [expect.objectContaining({ value: expect.objectContaining({ count }) })]),
    );
    await end();
  });

  it('begins a new event after six quiet minutes, and for every other text', async () => {
    sink.emit(aCampaign(), scaled());
    await clock.advance(361_000);
    sink.emit(aCampaign(), scaled());
    sink.emit(aCampaign(), scaled('intake 10 → 12'));
    await settle();
    expect(calls.map(({ verb }) => verb)).toEqual(['create', 'create', 'create']);
    await end();
  });

  it('lets one campaign not talk without end, and others still talk', async () => {
    for (let n = 0; n < 100; n += 1) sink.emit(aCampaign(), scaled(`intake ${n}`));
    sink.emit(aCampaign({ metadata: { uid: 'uid-2' } }), scaled());
    await settle();
    await clock.advance(0);
    expect(calls).toHaveLength(26);
    expect(dropped).toEqual(Array.from({ length: 75 }, () => 'rate'));
    await end();
  });

  it('goes on after a refusal, and says that an event was lost', async () => {
    answer = () => Promise.reject(new Error('the namespace is being terminated'));
    sink.emit(aCampaign(), scaled());
    await settle();
    answer = async () => ({});
    sink.emit(aCampaign(), scaled('another'));
    await settle();
    expect(dropped).toEqual(['failed']);
    expect(calls).toHaveLength(2);
    await end();
  });

  it('writes its last words, for a second at most', async () => {
    sink.emit(aCampaign(), scaled());
    stop.abort();
    await settle();
    await ended;
    expect(calls).toHaveLength(1);
  });
});

describe('boundedNote', () => {
  it('cuts by bytes, never within a character', () => {
    expect(boundedNote('short')).toBe('short');
    const cut = boundedNote('消'.repeat(1_000));
    expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(1024);
    expect(cut).toMatch(/^消+…$/);
  });
});
