/** Servers die, freeze and go away while citizens register. Times are told, never judged: the machine is shared. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../../helpers/eventually.ts';
import { copiesInJournal, lostOf } from '../../helpers/read-back.ts';
import { type Crowd, never, type RealJournal, sentByKind, startRealJournal } from '../../helpers/real-journal.ts';
import { receivedEvent, SHARDS } from '../../helpers/records.ts';

const CAMPAIGN = 'spring';
let journal: RealJournal;

beforeAll(async () => {
  journal = await startRealJournal();
  expect(await journal.ensured()).toMatchObject({ kind: 'ready' });
});
afterAll(() => journal.stop());

const more = (crowd: Crowd, count: number): Promise<boolean> => {
  const from = crowd.acked.size;
  return eventually(() => crowd.acked.size >= from + count, { what: `${count} acknowledgements` });
};

/** A stream without a leader can't be read: waits for one on every shard. */
const healed = async (): Promise<void> => {
  for (let shard = 0; shard < SHARDS; shard += 1) await journal.leaderOf(CAMPAIGN, shard);
};

const spread = (): Promise<boolean> =>
  eventually(
    async () => {
      await journal.ensured();
      const leaders = await Promise.all([0, 1, 2].map((shard) => journal.leaderOf(CAMPAIGN, shard)));
      return new Set(leaders).size === SHARDS;
    },
    { what: 'leaders on different servers', everyMs: 200 },
  );

const copied = () =>
  eventually(() => copiesInJournal(journal.connection, CAMPAIGN, never), { what: 'a journal that can be read' });

const expectNothingLost = async (crowd: Crowd): Promise<void> => {
  await healed();
  const copies = await copied();
  expect(lostOf(crowd.acked.keys(), copies)).toEqual([]);
};

describe('a publisher among three servers', () => {
  it('loses nothing and keeps its hedge budget while the leader of a shard is killed', async () => {
    await spread();
    const crowd = await journal.startCrowd({ size: 32 });
    await more(crowd, 1_000);
    const leader = await journal.leaderOf(CAMPAIGN, 1);
    leader.kill('SIGKILL');
    await more(crowd, 2_000);
    await leader.restart();
    await journal.cluster.ready(never);
    await more(crowd, 1_000);
    await crowd.stop();

    const { first = 0, reroute = 0, hedge = 0, resend = 0 } = await sentByKind(crowd.registry);
    console.log(
      `leader killed: ${crowd.acked.size} acknowledged, slowest answer ${Math.round(crowd.slowestMs())} ms, refused ${JSON.stringify([...crowd.refused])}, first ${first}, reroute ${reroute}, hedge ${hedge}, resend ${resend}`,
    );
    expect(hedge).toBeLessThanOrEqual(Math.max(5, 0.1 * (first + reroute)));
    await expectNothingLost(crowd);
  });

  it('goes on through another server when its own freezes without closing the socket', async () => {
    const crowd = await journal.startCrowd({ size: 16 });
    await more(crowd, 200);
    const port = new URL(`nats://${crowd.connection.nats.getServer()}`).port;
    const index = journal.cluster.urls.findIndex((url) => new URL(url).port === port);
    const node = journal.cluster.nodes[index];
    node?.kill('SIGSTOP');
    await more(crowd, 200);
    node?.kill('SIGCONT');
    await crowd.stop();
    console.log(
      `server frozen: refused ${JSON.stringify([...crowd.refused])}, slowest ${Math.round(crowd.slowestMs())} ms`,
    );
    await expectNothingLost(crowd);
  });

  it('says `disconnected` at once while no server is there, keeps nothing back, and recovers', async () => {
    const crowd = await journal.startCrowd({ size: 8, againMs: 20 });
    await more(crowd, 100);
    for (const node of journal.cluster.nodes) node.kill('SIGKILL');
    await eventually(() => (crowd.refused.get('disconnected') ?? 0) > 50, { what: 'refusals' });
    const refused = receivedEvent({ campaignId: CAMPAIGN, citizen: 'refused' });
    expect(await crowd.journal.publish(refused)).toEqual({
      kind: 'unavailable',
      reason: 'disconnected',
      retryAfterMs: 1_000,
    });
    await Promise.all(journal.cluster.nodes.map((node) => node.restart()));
    await journal.cluster.ready(never);
    await more(crowd, 100);
    await crowd.stop();
    await healed();
    const copies = await copied();
    expect(copies.has(refused.receipt)).toBe(false);
    expect(lostOf(crowd.acked.keys(), copies)).toEqual([]);
    console.log(`all servers killed: refused ${JSON.stringify([...crowd.refused])}`);
  });
});
