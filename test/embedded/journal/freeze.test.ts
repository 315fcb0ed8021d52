/**
 * A freeze on three real nats-servers, under fire: three pods whose clocks are 2 s apart publish up to closing, a shard's leader is
 * killed, and two operators race. Every acknowledged registration from before closing is at or below its shard's barrier.
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Registry } from 'prom-client';
import type { LiveSettings } from '../../../contract/app-contract.ts';
import type { Frozen } from '../../../contract/decisions/control.ts';
import { encodeEnvelope, parseEnvelope } from '../../../contract/envelope-schema.ts';
import { controlStreamName, controlSubject, eventSubject, shardStreamName } from '../../../contract/names.ts';
import type { Tier } from '../../../contract/tiers.ts';
import { createFreezeJournal } from '../../../journal/freeze/freeze-journal.ts';
import type { FreezeJournal } from '../../../journal/freeze/freezing.ts';
import { createPublisher } from '../../../journal/publisher.ts';
import { createJournalReader } from '../../../journal/reader.ts';
import { createJournalReplay } from '../../../journal/replay.ts';
import { FreezeKeeper } from '../../../operator/freeze/freeze-keeper.ts';
import type { FreezeRequest } from '../../../operator/freeze/freeze-steps.ts';
import { systemClock } from '../../../runtime/clock.ts';
import { again } from '../../../runtime/sleep.ts';
import { AGREEING } from '../../helpers/comparison.ts';
import { eventually, eventuallyHolds } from '../../helpers/eventually.ts';
import { patiently } from '../../helpers/patiently.ts';
import { publishOnce } from '../../helpers/publish-once.ts';
import { never, type RealJournal, startRealJournal } from '../../helpers/real-journal.ts';
import { factEvent, receivedEvent, SHARDS } from '../../helpers/records.ts';

const CAMPAIGN = 'spring';
/** From the crowd's first registrations to closing. */
const OPEN_MS = 4_000;
const KILLED_BEFORE_CLOSING_MS = 1_500;
const POD_SKEWS_MS = [-2_000, 0, 2_000];
const CITIZENS_AT_A_TIME = 4;

const settings = (closesAtMs: number): LiveSettings => ({
  v: 1,
  generation: 1,
  title: { 'zh-CN': '春', en: 'Spring' },
  window: { opensAt: '2020-09-25T01:00:00Z', closesAt: new Date(closesAtMs).toISOString() },
  identity: { keySpace: 'residentNumber' },
  eligibility: { minAge: 18, uniqueness: 'perCitizen' },
  draw: { unverified: 'exclude' },
  vouchers: [],
  traffic: { admissionPerSecond: 100, intakePods: 2, burstSeconds: 1 },
});

interface Acknowledged {
  readonly shard: number;
  readonly sequence: number;
  readonly atMs: number;
}

let journal: RealJournal;
/** Stated once the crowd is there: how soon that is depends on the machine. */
let closesAtMs = Number.POSITIVE_INFINITY;
/** Registrations whose `at` is before closing, as citizens were told. */
const acknowledged: Acknowledged[] = [];
/** What a leader that is deposed soon says of the shards' ends: true when it was asked, and behind when it is used. */
let staleEnds: readonly number[];
const ended = new AbortController();
const background: Promise<unknown>[] = [];
beforeAll(async () => {
  journal = await startRealJournal();
  expect(await journal.ensured({ consumers: ['records', 'verification'] })).toMatchObject({ kind: 'ready' });
});
afterAll(async () => {
  ended.abort();
  await Promise.all(background);
  await journal?.stop();
});

/** An intake pod with its own clock: accepts until closing by it. */
const pod = async (index: number, skewMs: number): Promise<void> => {
  const publisher = createPublisher({
    connection: await journal.connect(`pod ${index}`),
    campaignId: CAMPAIGN,
    shards: SHARDS,
    registry: new Registry(),
    monotonicMs: () => performance.now(),
    signal: never,
  });
  const now = (): number => Date.now() + skewMs;
  let citizen = 0;
  const citizens = async (): Promise<void> => {
    for (let atMs = now(); atMs < closesAtMs && !ended.signal.aborted; atMs = now()) {
      citizen += 1;
      const event = receivedEvent({ campaignId: CAMPAIGN, citizen: `${index}-${citizen}` });
      const outcome = await publisher.publish({ ...event, at: new Date(atMs).toISOString() });
      if (outcome.kind === 'acknowledged') acknowledged.push({ ...outcome, atMs });
    }
  };
  await Promise.all(Array.from({ length: CITIZENS_AT_A_TIME }, citizens));
};

/** Acknowledges whatever its consumer delivers. */
const worker = async (tier: Tier): Promise<void> => {
  const reader = createJournalReader({ connection: await journal.connect(tier), campaignId: CAMPAIGN, tier });
  const work = async (shard: number): Promise<void> => {
    const messages = await reader.fetch({ shard, maxMessages: 500, expiresMs: 1_000 }, ended.signal);
    for (const { ack } of messages) ack();
  };
  for (let shard = 0; shard < SHARDS; shard += 1) {
    background.push(
      again(
        () => work(shard),
        10,
        ended.signal,
        () => undefined,
      ),
    );
  }
};

const request = (): FreezeRequest => ({
  campaignId: CAMPAIGN,
  closesAtMs,
  unverified: 'exclude',
  tiers: ['intake', 'records', 'verification'],
  deferredBy: [],
  ownClock: 'agrees',
  comparison: AGREEING,
});

/** An operator's keeper that ticks, until it knows that the list is frozen. */
const operator = async (name: string, skewMs: number): Promise<Frozen> => {
  const keeper = new FreezeKeeper({
    clock: { ...systemClock, now: () => Date.now() + skewMs },
    journal: createFreezeJournal(await journal.connect(name)),
    shards: SHARDS,
    site: 'default',
  });
  const frozen = (): Frozen | false => {
    keeper.keep(request(), never);
    return keeper.state?.kind === 'done' && keeper.state.frozen;
  };
  return eventually(frozen, {
    what: `a frozen list (${JSON.stringify(keeper.state)})`,
    everyMs: 200,
  });
};

/** Acknowledged registrations that a list up to these sequences would lose. */
const above = (sequences: readonly number[]): readonly Acknowledged[] =>
  acknowledged.filter(({ shard, sequence }) => sequence > (sequences[shard] ?? 0));

const endsByStreamInfo = (): Promise<readonly number[]> =>
  Promise.all(
    Array.from({ length: SHARDS }, async (_, shard) => {
      const { state } = await journal.manager.streams.info(shardStreamName(CAMPAIGN, shard));
      return state.last_seq;
    }),
  );

describe('a consumer', () => {
  const campaignId = 'quiet';
  const events = ['received', 'withdrawn', 'received'] as const;
  let freezing: FreezeJournal;
  let barriers: readonly number[];
  beforeAll(async () => {
    await journal.ensured({ campaignId, consumers: ['records', 'verification'] });
    freezing = createFreezeJournal(journal.connection);
    const client = journal.manager.jetstream();
    for (const [citizen, type] of events.entries()) {
      const event =
        type === 'received' ? receivedEvent({ campaignId, citizen }) : factEvent(type, { campaignId, citizen });
      const subject = eventSubject(campaignId, 0, type, event.receipt);
      await publishOnce(client, { subject, messageId: event.id, payload: encodeEnvelope(event) });
    }
    const attempt = { campaignId, shards: SHARDS, attempt: '1', at: new Date().toISOString(), site: 'default' };
    const beganMs = Date.now();
    const made = await patiently('barriers', () => freezing.publishBarriers(attempt, never));
    barriers = made.sequences;
    // A time, and of today: how long it took says nothing.
    expect(Math.abs(made.storedAtMs - beganMs)).toBeLessThan(300_000);
    // The same attempt again, as after a lost answer: as old as the first.
    expect(await patiently('barriers', () => freezing.publishBarriers(attempt, never))).toEqual(made);
  });
  const positions = async (tier: Tier): Promise<readonly number[]> =>
    (await patiently('positions', () => freezing.positions(campaignId, barriers, [tier], never))).map(
      ({ acknowledged: sequence }) => sequence,
    );
  /** Takes so many messages, and acknowledges all but these. */
  const take = async (tier: Tier, count: number, unacknowledged: readonly number[] = []): Promise<void> => {
    const reader = createJournalReader({ connection: journal.connection, campaignId, tier });
    let taken = 0;
    const isTaken = async (): Promise<boolean> => {
      const messages = await reader.fetch({ shard: 0, maxMessages: count - taken, expiresMs: 5_000 }, never);
      for (const { sequence, ack } of messages) if (!unacknowledged.includes(sequence)) ack();
      taken += messages.length;
      return taken === count;
    };
    await eventually(isTaken, { what: `${count} messages for ${tier}` });
    await journal.connection.nats.flush();
  };
  const reach = (tier: Tier, want: readonly number[]): Promise<void> =>
    eventuallyHolds(async () => expect(await positions(tier)).toEqual(want), { what: `${tier} at ${want.join()}` });

  it('has passed a barrier when everything for it below is acknowledged, whatever else is there', async () => {
    expect(barriers).toEqual([4, 1, 1]);
    // The empty shards have nothing to verify, and a barrier that records has not read.
    await reach('verification', [0, 1, 1]);
    await reach('records', [0, 0, 0]);
    await take('verification', 1);
    await reach('verification', [1, 1, 1]);
    await take('records', 4, [2]);
    await reach('records', [1, 0, 0]);
    await take('verification', 1);
    await reach('verification', [4, 1, 1]);
  });
});

describe('a freeze while pods publish up to closing, a leader is killed, and two operators race', () => {
  let frozen: readonly Frozen[];
  beforeAll(async () => {
    await Promise.all([worker('records'), worker('verification')]);
    const pods = POD_SKEWS_MS.map((skewMs, index) => pod(index, skewMs));
    const at = (beforeMs: number) =>
      eventually(() => Date.now() >= closesAtMs - beforeMs, { what: 'the time before closing', everyMs: 10 });
    // What a leader that is cut off from now on would go on stating. By count, not by time: others come later.
    await eventually(() => acknowledged.length > 200, { what: 'the first registrations', everyMs: 10 });
    staleEnds = await endsByStreamInfo();
    await eventually(() => above(staleEnds).length > 100, { what: 'registrations after them', everyMs: 10 });
    closesAtMs = Date.now() + OPEN_MS;
    await patiently('the settings', () => journal.admin.putLiveSettings(CAMPAIGN, settings(closesAtMs), never));
    const operators = [operator('operator a', 1_000), operator('operator b', -1_000)];
    await at(KILLED_BEFORE_CLOSING_MS);
    const leader = await journal.leaderOf(CAMPAIGN, 0);
    leader.kill('SIGKILL');
    void leader.restart();
    await Promise.all(pods);
    frozen = await Promise.all(operators);
  });

  it('is made once, and both operators know the same', async () => {
    expect(frozen[0]).toEqual(frozen[1]);
    const subject = controlSubject(CAMPAIGN, 'frozen');
    const { state } = await journal.manager.streams.info(controlStreamName(CAMPAIGN), { subjects_filter: subject });
    expect(state.subjects?.[subject]).toBe(1);
  });

  it('loses no acknowledged registration from before closing', () => {
    expect(acknowledged.length).toBeGreaterThan(300);
    // Also from pods whose clocks are behind: after closing by the operators' clocks.
    expect(above(frozen[0]?.barriers ?? [])).toEqual([]);
  });

  it('has a barrier at each of its sequences', async () => {
    const { replay } = createJournalReplay({ connection: journal.connection, campaignId: CAMPAIGN });
    for (const [shard, barrier] of (frozen[0]?.barriers ?? []).entries()) {
      const [first] = await patiently('the barrier', async () => {
        for await (const batch of replay(shard, barrier, never)) return batch;
        return [];
      });
      const parsed = parseEnvelope(first?.data ?? new Uint8Array());
      expect([first?.sequence, parsed.kind === 'valid' && parsed.event.type]).toEqual([barrier, 'barrier']);
    }
  });

  it('is known as the same by an operator that starts afterwards', async () => {
    const later: FreezeJournal = createFreezeJournal(journal.connection);
    expect(await patiently('the decision', () => later.decided(CAMPAIGN, never))).toEqual({ frozen: frozen[0] });
    const other = { ...request(), v: 1 as const, at: new Date().toISOString(), barriers: [1, 1, 1] };
    expect(await patiently('the freeze', () => later.freeze(other, never))).toEqual(frozen[0]);
  });

  it('would lose acknowledged registrations by the ends that a deposed leader stated', () => {
    expect(above(staleEnds).length).toBeGreaterThan(0);
  });
});
