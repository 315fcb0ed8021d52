/**
 * Pods of one waiting room on three real nats-servers, while pods end and begin and the bucket's leader is killed: numbers stay unique,
 * every ticket stays valid at every pod, and no one has a turn before it.
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Kvm } from '@nats-io/kv';
import { BLOCK, QUEUE_KEYS, type QueuePace, servingAt } from '../../../contract/crowd/queue.ts';
import { liveBucketName } from '../../../contract/names.ts';
import { followQueue } from '../../../journal/live/queue.ts';
import { eventually } from '../../helpers/eventually.ts';
import { calmGuard, settingsOf, type TestIntake, testIntake } from '../../helpers/intake.ts';
import { patiently } from '../../helpers/patiently.ts';
import { type RealJournal, startRealJournal } from '../../helpers/real-journal.ts';

const BUCKET = `KV_${liveBucketName('spring')}`;
const SEED = 'ab'.repeat(32);

let journal: RealJournal;
interface Pod {
  readonly intake: TestIntake;
  /** As it has seen it. */
  pace(): QueuePace | undefined;
  isShuffled(): boolean;
  end(): Promise<void>;
}
let pods: Pod[] = [];

const settings = settingsOf({
  window: { opensAt: '2020-01-01T00:00:00Z', closesAt: '2099-01-01T00:00:00Z' },
  traffic: {
    admissionPerSecond: 100,
    intakePods: 3,
    burstSeconds: 1,
    waitingRoom: { enabled: true, preQueueMinutes: 30 },
  },
});

const startPod = async (): Promise<void> => {
  const ended = new AbortController();
  const connection = await journal.connect('pod');
  const queue = followQueue(
    { connection, campaignId: 'spring', random: Math.random, onError: () => undefined },
    ended.signal,
  );
  const intake = testIntake(calmGuard(), [], { queue, now: Date.now });
  intake.world.settings = settings;
  let pace: QueuePace | undefined;
  queue.onPace((one) => {
    pace = one;
  });
  pods.push({
    intake,
    pace: () => pace,
    isShuffled: () => queue.shuffle() !== undefined,
    async end() {
      ended.abort();
      await connection.close();
    },
  });
};

const put = async (key: string, value: unknown): Promise<void> => {
  const kv = await new Kvm(journal.connection.nats).open(liveBucketName('spring'));
  await patiently('a write', () => kv.put(key, JSON.stringify(value)));
};
const putPace = async (base: number, ratePerSecond: number): Promise<QueuePace> => {
  const pace: QueuePace = { v: 1, base, ratePerSecond, since: new Date().toISOString() };
  await put(QUEUE_KEYS.pace, pace);
  return pace;
};

const podFor = (index: number): TestIntake => {
  const pod = pods[index % pods.length];
  if (pod === undefined) throw new Error('no pod');
  return pod.intake;
};

interface Given {
  readonly ticket: string;
  readonly number: number;
}

/** As a citizen who tries again when asked. */
const takeTicket = (index: number): Promise<Given> => {
  let turn = index;
  const look = async (): Promise<Given | undefined> => {
    const { status, json } = await podFor(turn++).postTo('/api/v1/queue/tickets', {});
    return status === 201 ? { ticket: String(json['ticket']), number: Number(json['number']) } : undefined;
  };
  return eventually(look, { what: 'a ticket' });
};

const ask = (index: number, ticket: string) =>
  podFor(index).postTo('/api/v1/queue/admissions', {}, { 'x-queue-ticket': ticket });

const haveSeen = (pace: QueuePace): Promise<boolean> =>
  eventually(() => pods.every((pod) => pod.isShuffled() && pod.pace()?.since === pace.since), {
    what: 'pods that know the pace',
  });

beforeAll(async () => {
  journal = await startRealJournal();
  await journal.ensured();
  await put(QUEUE_KEYS.shuffle, { v: 1, seed: SEED, count: 0 });
  const pace = await putPace(0, 0);
  for (let index = 0; index < 3; index += 1) await startPod();
  await haveSeen(pace);
});
afterAll(async () => {
  await Promise.all(pods.map((pod) => pod.end()));
  await journal?.stop();
});

describe('the waiting room', () => {
  const given: Given[] = [];

  it('gives unique numbers to a crowd while pods end and begin, and the leader of the bucket is killed', async () => {
    const crowd = (size: number) =>
      Promise.all(Array.from({ length: size }, (_, index) => takeTicket(index).then((one) => given.push(one))));
    const first = crowd(200);
    const killed = pods[0];
    await startPod();
    pods = pods.slice(1);
    await killed?.end();
    await first;
    const { cluster } = await journal.manager.streams.info(BUCKET);
    const leader = journal.cluster.nodes.find(({ name }) => name === cluster?.leader);
    leader?.kill('SIGKILL');
    const second = crowd(200);
    await startPod();
    await second;
    await leader?.restart();
    expect(leader).toBeDefined();
    expect(new Set(given.map(({ number }) => number)).size).toBe(400);
  });

  it('gives a citizen who takes a second ticket no earlier number, but for a block', async () => {
    const [first, second] = [await takeTicket(0), await takeTicket(1)];
    expect(second.number).toBeGreaterThan(first.number - BLOCK.most);
    given.push(first, second);
  });

  it('serves every ticket at every pod, in the order of numbers, and none before its turn', async () => {
    const before = await Promise.all(given.map(({ ticket }, index) => ask(index, ticket)));
    expect(new Set(before.map(({ status }) => status))).toEqual(new Set([202]));
    const pace = await putPace(0, 150);
    await haveSeen(pace);
    const early: number[] = [];
    const codes = new Set<number>();
    const serve = async ({ ticket, number }: Given, index: number): Promise<true> => {
      let turn = index;
      return eventually(
        async () => {
          const { status } = await ask(turn++, ticket);
          codes.add(status);
          // After the answer: a turn is never later than that.
          if (status === 200 && number > servingAt(pace, Date.now())) early.push(number);
          return status === 200 ? (true as const) : undefined;
        },
        { what: `the turn of ${number}`, everyMs: 250 },
      );
    };
    await Promise.all(given.map(serve));
    expect(early).toEqual([]);
    expect([...codes].filter((status) => status !== 200 && status !== 202)).toEqual([]);
  });

  it('begins the next number above what was served', async () => {
    const pace = await putPace(1_000_000, 10);
    await haveSeen(pace);
    expect((await takeTicket(0)).number).toBeGreaterThan(1_000_000);
  });

  it('gives no number twice in a bucket that was lost and made again', async () => {
    const before = await takeTicket(1);
    await journal.manager.streams.delete(BUCKET);
    await journal.ensured();
    const after = await takeTicket(1);
    expect(after.number).toBeGreaterThan(before.number);
  });
});
