import { beforeEach, describe, expect, it } from '@jest/globals';
import type { ObservedCluster, ObservedPod } from '../../../operator/reconcile/ports.ts';
import { createCountsReader } from '../../../operator/signals/counts.ts';
import { aCampaign } from '../../helpers/a-campaign.ts';

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
    const told = await createCountsReader({ page }).count(
      aCampaign(),
      cluster(pod('c', { ready: false }), pod('a'), pod('b')),
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
    const counts = createCountsReader({ page });
    for (let tick = 0; tick < 5; tick += 1) {
      await counts.count(aCampaign(), cluster(...many), signal);
      expect(asked).toHaveLength(16 * (tick + 1));
    }
    expect(new Set(asked).size).toBe(40);
  });

  it.each([
    ['there is no tier', { tiers: {}, plans: [] }],
    ['no pod has an address yet', cluster({ name: 'a', tier: 'records', ready: false, createdAtMs: 0 })],
  ])('is unknown, and no zero, when %s', async (_, world) => {
    expect(await createCountsReader({ page }).count(aCampaign(), world, signal)).toBeUndefined();
    expect(asked).toEqual([]);
  });

  it('is how they find the database, and no total, while it answers none of them', async () => {
    pages.set('http://a', wordOf('silent'));
    const told = await createCountsReader({ page }).count(aCampaign(), cluster(pod('a')), signal);
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
    const counts = createCountsReader({ page });
    await expect(counts.count(aCampaign(), cluster(pod('a')), signal)).rejects.toThrow(/^ask a: /);
    expect(await counts.count(aCampaign(), cluster(pod('a'), pod('b')), signal)).toMatchObject({ received: 12 });
  });
});
