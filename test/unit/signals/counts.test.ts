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

describe('the count of registrations', () => {
  it('is asked of one ready pod, not of all', async () => {
    const counts = createCountsReader({ page });
    expect(await counts.count(aCampaign(), cluster(pod('c', { ready: false }), pod('a'), pod('b')), signal)).toEqual({
      received: 12,
    });
    expect(asked).toEqual(['http://a']);
  });

  it.each([
    ['there is no tier', { tiers: {}, plans: [] }],
    ['no pod is ready', cluster(pod('a', { ready: false }))],
  ])('is unknown, and no zero, when %s', async (_, world) => {
    expect(await createCountsReader({ page }).count(aCampaign(), world, signal)).toBeUndefined();
    expect(asked).toEqual([]);
  });

  it.each([
    ['does not answer', undefined],
    ['does not reach its database', '# no totals\n'],
    ['sends half a page', 'voucher_records_receipts{state="received"} 1'],
    ['tells no count', pageOf(-1)],
  ])('is an error when the pod %s, and the next one is asked next time', async (_, broken) => {
    if (broken === undefined) pages.delete('http://a');
    else pages.set('http://a', broken);
    const counts = createCountsReader({ page });
    const world = cluster(pod('a'), pod('b'));
    await expect(counts.count(aCampaign(), world, signal)).rejects.toThrow(/^ask a: /);
    expect(await counts.count(aCampaign(), world, signal)).toEqual({ received: 12 });
    expect(asked).toEqual(['http://a', 'http://b']);
  });
});
