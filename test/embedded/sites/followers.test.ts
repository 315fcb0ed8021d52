/**
 * A leader whose two followers are killed under load. Some nats-servers stand still for good then, and report themselves well
 * (nats-server#8519): the pinned one must accept again, and lose nothing.
 */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { shardStreamName } from '../../../contract/names.ts';
import { eventually } from '../../helpers/eventually.ts';
import { type RealJournal, startRealJournal } from '../../helpers/real-journal.ts';

const WITHIN_MS = 15_000;

let journal: RealJournal;
beforeAll(async () => {
  journal = await startRealJournal();
  await eventually(async () => (await journal.ensured()).kind === 'ready', { what: 'a journal' });
});
afterAll(() => journal?.stop());

it('accepts again within 15 s after both followers of a shard were killed under load', async () => {
  const crowd = await journal.startCrowd({ size: 64 });
  await eventually(() => crowd.acked.size > 500, { what: '500 acknowledgements' });
  const leader = await journal.leaderOf('spring', 0);
  const followers = journal.cluster.nodes.filter(({ name }) => name !== leader.name);
  for (const follower of followers) follower.kill('SIGKILL');
  const refusedBefore = crowd.refused.size;
  await eventually(() => crowd.refused.size > refusedBefore, { what: 'a refusal: there is no quorum' });
  await Promise.all(followers.map((follower) => follower.restart()));
  const restartedAtMs = performance.now();
  const inShard = (shard: number) => [...crowd.acked.values()].filter((one) => one.shard === shard).length;
  const before = [0, 1, 2].map(inShard);
  const accepts = () => [0, 1, 2].every((shard) => inShard(shard) > (before[shard] ?? 0) + 10);
  await eventually(accepts, { what: 'acknowledgements in every shard' });
  const tookMs = performance.now() - restartedAtMs;
  await crowd.stop();
  for (const shard of [0, 1, 2]) {
    const { state } = await journal.manager.streams.info(shardStreamName('spring', shard));
    const last = Math.max(...[...crowd.acked.values()].filter((one) => one.shard === shard).map((one) => one.sequence));
    expect(state.last_seq).toBeGreaterThanOrEqual(last);
  }
  expect(await journal.stored('spring')).toBeGreaterThanOrEqual(crowd.acked.size);
  expect(tookMs).toBeLessThan(WITHIN_MS);
});
