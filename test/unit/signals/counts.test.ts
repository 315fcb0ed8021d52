import { beforeEach, describe, expect, it } from '@jest/globals';
import { createCountsReader } from '../../../operator/signals/counts.ts';
import type { ObservedCluster, ObservedPod } from '../../../operator/tick/cluster-view.ts';
import { aCampaign } from '../../helpers/a-campaign.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';

const { signal } = new AbortController();
const pod = (name: string, changes: Partial<ObservedPod> = {}): ObservedPod => ({
  name,
  tier: 'records',
  ready: true,
  createdAtMs: 0,
  adminUrl: `http://${name}`,
  ...changes,
});
const cluster = (...pods: readonly ObservedPod[]): ObservedCluster => ({
  tiers: { records: { deployment: { name: 'records', replicas: pods.length, resourceVersion: '1' }, pods } },
  plans: [],
});
const pageOf = (received: number): string => `voucher_records_receipts{state="received"} ${received}\n`;

const clock = new FakeClock(0);
let pages: Map<string, string>;
let asked: string[];
const page = async (url: string): Promise<string> => {
  asked.push(url);
  const found = pages.get(url);
  if (found === undefined) throw new Error('no answer');
  return found;
};

beforeEach(() => {
  pages = new Map([
    ['http://a', pageOf(12)],
    ['http://b', pageOf(12)],
  ]);
  asked = [];
});

const wordOf = (state: string): string => `voucher_dependency_seconds{dependency="database",state="${state}"} 9\n`;

describe('what records pods say', () => {
  it('is asked of all, those that start too, and one total is enough', async () => {
    pages.set('http://c', wordOf('connections'));
    pages.set('http://b', '# an older pod without a database\n');
    const told = await createCountsReader({ page }, clock).count(
      aCampaign(),
      cluster(...['c', 'a', 'b'].map((name) => pod(name, { ready: false }))),
      signal,
    );
    expect(told).toMatchObject({
      received: 12,
      workers: { pods: 1, database: [{ state: 'connections', pods: 1, example: 'c', seconds: 9 }] },
    });
    expect(asked.toSorted()).toEqual(['http://a', 'http://b', 'http://c']);
  });

  it('is asked of sixteen at most, in turns', async () => {
    const many = Array.from({ length: 40 }, (_, n) => pod(`p${n}`));
    for (const { name } of many) pages.set(`http://${name}`, pageOf(7));
    const counts = createCountsReader({ page }, clock);
    for (let tick = 0; tick < 5; tick += 1) {
      await counts.count(aCampaign(), cluster(...many), signal);
      expect(asked).toHaveLength(16 * (tick + 1));
    }
    expect(new Set(asked).size).toBe(40);
  });

  it('is judged of all of them, each as it said last, while another campaign is asked as well', async () => {
    const many = Array.from({ length: 40 }, (_, n) => pod(`p${n}`));
    for (const { name } of many)
      pages.set(`http://${name}`, `${pageOf(7)}${wordOf(name === 'p7' ? 'silent' : 'answers')}`);
    const others = Array.from({ length: 17 }, (_, n) => pod(`p${n + 10}`));
    const other = aCampaign({ metadata: { name: 'leshan' } });
    const counts = createCountsReader({ page }, clock);
    const views: unknown[] = [];
    for (let tick = 0; tick < 12; tick += 1) {
      await counts.count(other, cluster(...others), signal);
      views.push((await counts.count(aCampaign(), cluster(...many), signal))?.workers);
      clock.jump(1_000);
    }
    const settled = { pods: 40, known: 40, database: [{ state: 'silent', pods: 1, example: 'p7' }] };
    for (const view of views.slice(2)) expect(view).toMatchObject(settled);

    // Away for a minute: what was said before is no word of now.
    clock.jump(60_000);
    expect((await counts.count(aCampaign(), cluster(...many), signal))?.workers).toMatchObject({ pods: 16 });
  });

  it('forgets pods that are gone, and those that do not answer in their turn', async () => {
    const many = Array.from({ length: 20 }, (_, n) => pod(`p${n}`));
    for (const { name } of many)
      pages.set(`http://${name}`, `${pageOf(7)}${wordOf(name < 'p2' ? 'silent' : 'answers')}`);
    const counts = createCountsReader({ page }, clock);
    const look = async (pods: readonly ObservedPod[]) => {
      clock.jump(1_000);
      return (await counts.count(aCampaign(), cluster(...pods), signal))?.workers;
    };
    await look(many);
    expect(await look(many)).toMatchObject({ pods: 20 });
    pages.delete('http://p19');
    await look(many);
    expect(await look(many)).toMatchObject({ pods: 19, database: [{ pods: 11 }] });
    expect(await look(many.slice(0, 17))).toMatchObject({ pods: 17 });
  });

  it.each([
    ['there is no tier', { tiers: {}, plans: [] }],
    ['no pod has an address yet', cluster({ name: 'a', tier: 'records', ready: false, createdAtMs: 0 })],
  ])('is unknown, and no zero, when %s', async (_, world) => {
    expect(await createCountsReader({ page }, clock).count(aCampaign(), world, signal)).toBeUndefined();
    expect(asked).toEqual([]);
  });

  it('is how they find the database, and no total, while it answers none of them', async () => {
    pages.set('http://a', wordOf('silent'));
    const told = await createCountsReader({ page }, clock).count(aCampaign(), cluster(pod('a')), signal);
    expect(told).toMatchObject({ workers: { database: [{ state: 'silent' }] } });
    expect(told).not.toHaveProperty('received');
  });

  it.each([
    ['does not answer', undefined],
    ['has no totals although its database answers', wordOf('answers')],
    ['sends half a page', 'voucher_records_receipts{state="received"} 1'],
    ['tells no count', pageOf(-1)],
  ])('is an error when the only pod %s, and no loss beside another', async (_, broken) => {
    if (broken === undefined) pages.delete('http://a');
    else pages.set('http://a', broken);
    const counts = createCountsReader({ page }, clock);
    await expect(counts.count(aCampaign(), cluster(pod('a')), signal)).rejects.toThrow(/^ask a: /);
    expect(await counts.count(aCampaign(), cluster(pod('a'), pod('b')), signal)).toMatchObject({ received: 12 });
  });
});
