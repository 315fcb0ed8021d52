/** Shares of outside systems between an operator that writes and pods that read, while servers are frozen and cut off. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type KV, Kvm } from '@nats-io/kv';
import { type OutsideShares, SHARE_VALID_MS, sharesKey } from '../../../contract/outside/outside.ts';
import { createSharesRead, type ReadShares } from '../../../journal/live/outside-shares.ts';
import type { NatsNode } from '../../../local/nats.ts';
import { eventually } from '../../helpers/eventually.ts';
import { patiently } from '../../helpers/patiently.ts';
import { never, type RealJournal, startRealJournal } from '../../helpers/real-journal.ts';

const KEY = sharesKey('verification');
const STREAM = 'KV_live_spring';
let journal: RealJournal;
let kv: KV;
let read: ReadShares;

beforeAll(async () => {
  journal = await startRealJournal();
  await journal.ensured();
  kv = await new Kvm(journal.connection.nats).open('live_spring');
  read = createSharesRead({ connection: await journal.connect('pod'), campaignId: 'spring', tier: 'verification' });
});
afterAll(() => journal.stop());

const shares = (perSecond: number): OutsideShares => ({
  v: 1,
  targets: { bureau: { perSecond: { 'pod-1': perSecond } } },
});
const put = (perSecond: number): Promise<number> =>
  patiently('a write', () => kv.put(KEY, JSON.stringify(shares(perSecond))));

/** A pod reads once a second, and again when there was no answer. */
const reading = () => patiently('a reading', () => read(never));

const leader = async (): Promise<NatsNode> => {
  const name = await eventually(async () => (await journal.manager.streams.info(STREAM)).cluster?.leader, {
    what: 'a leader of the live bucket',
  });
  const node = journal.cluster.nodes.find((one) => one.name === name);
  if (node === undefined) throw new Error(`no server ${name}`);
  return node;
};

describe('a pod that reads its shares', () => {
  it('finds none before the operator has written', async () => {
    expect(await reading()).toMatchObject({ shares: undefined, revision: 0 });
  });

  it('finds each value as soon as it is acknowledged, with a higher revision', async () => {
    for (const perSecond of [10, 20, 0.5]) {
      const revision = await put(perSecond);
      expect(await reading()).toMatchObject({ shares: shares(perSecond), revision });
    }
  });

  it('finds none in what is not understood, and after the value was deleted', async () => {
    await patiently('a write', () => kv.put(KEY, '{"v":9}'));
    expect((await reading()).shares).toBeUndefined();
    await patiently('a deletion', () => kv.delete(KEY));
    const deleted = await reading();
    expect(deleted.shares).toBeUndefined();
    expect(deleted.revision).toBeGreaterThan(0);
  });

  it('learns that the leader has just heard from the others, again and again', async () => {
    await put(10);
    let fresh = 0;
    // On a busy machine some are older. Of a leader that hears nothing all are, from the first seconds on.
    const isFresh = async (): Promise<boolean> => {
      if ((await read(never)).unprovenMs < SHARE_VALID_MS / 2) fresh += 1;
      return fresh === 20;
    };
    await eventually(isFresh, { what: 'twenty fresh readings', everyMs: 250 });
  });

  it('gets an error at once when its signal has fired', async () => {
    await expect(read(AbortSignal.abort(new Error('over')))).rejects.toThrow('over');
  });

  it('is given nothing that lasts by a leader that is cut off from the others', async () => {
    const alone = await leader();
    const others = journal.cluster.nodes.filter((node) => node !== alone);
    const near = await journal.connect('near', [journal.cluster.nodes.indexOf(alone)]);
    const readNear = createSharesRead({ connection: near, campaignId: 'spring', tier: 'verification' });
    await put(30);
    for (const node of others) node.kill('SIGSTOP');
    try {
      // It goes on answering for some seconds, and says for how long it has been alone; then it leads no more, and says that.
      const isWorthless = (): Promise<boolean> =>
        readNear(never).then(
          ({ unprovenMs }) => unprovenMs >= SHARE_VALID_MS,
          (error: Error) => error.message.includes('has no leader'),
        );
      await eventually(isWorthless, { what: 'a reading that is worth nothing', everyMs: 200 });
    } finally {
      for (const node of others) node.kill('SIGCONT');
    }
    await journal.cluster.ready(never);
    await eventually(async () => (await read(never)).unprovenMs < SHARE_VALID_MS, { what: 'a good reading again' });
  });
});
