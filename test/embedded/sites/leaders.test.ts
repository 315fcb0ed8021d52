/** A stretched journal of real servers: two in each of two sites, one in the witness. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ConsumerInfo, StreamInfo } from '@nats-io/jetstream';
import { misplaced } from '../../../journal/streams/placement.ts';
import { eventually } from '../../helpers/eventually.ts';
import { type RealJournal, startRealJournal } from '../../helpers/real-journal.ts';

const SITES = [{ site: 'a' }, { site: 'a' }, { site: 'b' }, { site: 'b' }, { site: 'w', isWitness: true }] as const;
const siteOf = (server: string | undefined): string => SITES[Number(server?.slice('nats-'.length))]?.site ?? 'none';

let journal: RealJournal;
beforeAll(async () => {
  journal = await startRealJournal({ sites: SITES });
  await eventually(async () => (await journal.ensured()).kind === 'ready', { what: 'a journal' });
});
afterAll(() => journal?.stop());

/** All that has a leader, from what leaders answer. */
const all = async (): Promise<readonly (StreamInfo | ConsumerInfo)[]> => {
  const { streams, consumers } = journal.manager;
  const names = await streams.names().next();
  const infos = await Promise.all(names.map((name) => streams.info(name)));
  const of = await Promise.all(
    names.filter((name) => name.startsWith('REG_')).map((name) => consumers.info(name, 'records')),
  );
  return [...infos, ...of];
};
const ledIn = async (): Promise<readonly string[]> =>
  (await all()).map(({ cluster }) => siteOf(cluster?.leader)).toSorted();
const offWitness = (): Promise<unknown> =>
  eventually(async () => (await ledIn()).every((site) => site === 'a' || site === 'b'), {
    what: 'no leader in the witness',
  });
const ask = (subject: string): Promise<unknown> =>
  journal.connection.nats.request(subject, JSON.stringify({ placement: { preferred: 'nats-4' } }), { timeout: 5_000 });

describe('a stretched journal', () => {
  it('has a replica of each stream in each site', async () => {
    for (const { cluster } of await all()) {
      const servers = [cluster?.leader, ...(cluster?.replicas ?? []).map(({ name }) => name)];
      expect(servers.map(siteOf).toSorted()).toEqual(['a', 'b', 'w']);
    }
    const infos = (await all()).filter((info): info is StreamInfo => 'state' in info);
    const looks = SITES.map(({ site }, i) => ({ name: `nats-${i}`, site }));
    expect(misplaced(infos, looks)).toEqual([]);
  });

  it('hands on what the witness leads: shard, control, bucket and consumer', async () => {
    await offWitness();
    await ask('$JS.API.STREAM.LEADER.STEPDOWN.REG_spring_0');
    await ask('$JS.API.STREAM.LEADER.STEPDOWN.CTL_spring');
    await ask('$JS.API.STREAM.LEADER.STEPDOWN.KV_live_spring');
    await ask('$JS.API.CONSUMER.LEADER.STEPDOWN.REG_spring_1.records');
    await offWitness();
  });

  it('does so while a site is away, and spreads the shards again once it is back', async () => {
    const [, , ...others] = journal.cluster.nodes;
    for (const node of journal.cluster.nodes.slice(0, 2)) node.kill('SIGSTOP');
    try {
      await eventually(
        async () => {
          const sites = await ledIn();
          return sites.every((site) => site === 'b');
        },
        { what: 'everything led in site b' },
      );
      await ask('$JS.API.STREAM.LEADER.STEPDOWN.REG_spring_2');
      await eventually(async () => (await ledIn()).every((site) => site === 'b'), { what: 'site b again' });
    } finally {
      for (const node of journal.cluster.nodes.slice(0, 2)) node.kill('SIGCONT');
    }
    expect(others).toHaveLength(3);
    await eventually(
      async () => {
        await journal.ensured();
        const sites = await Promise.all(
          [0, 1, 2].map(async (shard) => siteOf((await journal.leaderOf('spring', shard)).name)),
        );
        return new Set(sites).size === 2 && !sites.includes('w');
      },
      { what: 'shards led in both sites', everyMs: 250 },
    );
  });
});
