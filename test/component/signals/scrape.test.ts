import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Agent } from 'undici';
import { createScraper, type Scraper } from '../../../operator/signals/scrape.ts';
import { aMetricsPage } from '../../helpers/a-metrics-page.ts';
import { eventually } from '../../helpers/eventually.ts';
import { type Behaviour, type PodServer, startPod } from './pod-server.ts';

const never = new AbortController().signal;
let second = 1_600_999_200;
const started: PodServer[] = [];
let scraper: Scraper;

const startPods = async (count: number): Promise<readonly PodServer[]> => {
  const pods = await Promise.all(Array.from({ length: count }, () => startPod(() => second)));
  started.push(...pods);
  return pods;
};
const targets = (pods: readonly PodServer[]) => pods.map(({ url }, index) => ({ pod: `p${index}`, adminUrl: url }));
const namesOf = (list: readonly { readonly pod: string }[]) => list.map(({ pod }) => pod).sort();

beforeEach(() => {
  // Pods that are well answer within it on a busy machine too.
  scraper = createScraper({ deadlineMs: 1_500 });
});
afterEach(async () => {
  await scraper.close();
  await Promise.all(started.splice(0).map(({ stop }) => stop()));
});

const faults: Record<string, Behaviour> = {
  hangs: { kind: 'hangs' },
  'sends half a page and stalls': { kind: 'stalls' },
  'sends half a page and hangs up': { kind: 'breaks' },
  'never stops sending': { kind: 'floods' },
  'answers 500': { kind: 'page', status: 500, page: aMetricsPage({ accepted: 9 }) },
  'answers 204': { kind: 'page', status: 204, page: '' },
  redirects: { kind: 'page', status: 302, page: '' },
  'answers an empty page': { kind: 'page', page: '' },
  'answers a page without the series': { kind: 'page', page: '# nothing yet\n' },
  'answers half a page': { kind: 'page', page: aMetricsPage().slice(0, -20) },
};

describe('scrape', () => {
  it.each(Object.entries(faults))('misses a pod that %s, and only that one', async (_, fault) => {
    const pods = await startPods(3);
    pods[0]?.behave({ kind: 'answers', counter: 10 });
    pods[1]?.behave(fault);
    pods[2]?.behave({ kind: 'answers', counter: 30 });
    const { samples, missed } = await scraper.scrape(targets(pods), never);
    expect([namesOf(samples), namesOf(missed)]).toEqual([['p0', 'p2'], ['p1']]);
    expect(samples.reduce((sum, { counter }) => sum + counter, 0)).toBe(40);
    expect(missed[0]?.error).toBeDefined();
    // What was given up is not left open: it would pile up by one a second.
    await eventually(async () => ((await pods[1]?.connections()) ?? 0) <= 1, {
      what: 'the connection to be closed or kept as the only one',
    });
  });

  it('misses a pod that is gone', async () => {
    const pods = await startPods(2);
    await pods[0]?.stop();
    const { samples, missed } = await scraper.scrape(targets(pods), never);
    expect([namesOf(samples), namesOf(missed)]).toEqual([['p1'], ['p0']]);
  });

  it('recovers with the pod', async () => {
    const pods = await startPods(1);
    pods[0]?.behave({ kind: 'hangs' });
    expect((await scraper.scrape(targets(pods), never)).samples).toEqual([]);
    second += 1;
    pods[0]?.behave({ kind: 'answers', counter: 8 });
    expect((await scraper.scrape(targets(pods), never)).samples).toEqual([
      { pod: 'p0', counter: 8, sentAway: 0, sourceAtMs: second * 1000, startedAtMs: 1000 },
    ]);
  });

  it('reads what newer pods tell of their last second, beside older ones', async () => {
    const pods = await startPods(2);
    const tenths = [9, 8, 7, 6, 5, 4, 3, 2, 1, 0];
    pods[0]?.behave({ kind: 'answers', counter: 80, recent: { returned: 12.5, dueBack: 3, tenths, halves: [4.5, 2] } });
    pods[1]?.behave({ kind: 'answers', counter: 7 });
    const { samples, missed } = await scraper.scrape(targets(pods), never);
    expect(missed).toEqual([]);
    expect(samples.toSorted((a, b) => a.pod.localeCompare(b.pod))).toMatchObject([
      { pod: 'p0', counter: 80, returned: 12.5, recent: { tenths, returned: [4.5, 2], dueBack: 3 } },
      { pod: 'p1', counter: 7 },
    ]);
    expect(samples.find(({ pod }) => pod === 'p1')).not.toHaveProperty('recent');
  });

  it('keeps one connection to a pod from tick to tick', async () => {
    const pods = await startPods(1);
    for (let tick = 0; tick < 5; tick += 1) await scraper.scrape(targets(pods), never);
    expect(await pods[0]?.connections()).toBe(1);
  });

  it('asks those first who come first, and the others not at all after the deadline', async () => {
    await scraper.close();
    scraper = createScraper({ deadlineMs: 1_500, concurrency: 2 });
    const pods = await startPods(5);
    pods[2]?.behave({ kind: 'hangs' });
    pods[3]?.behave({ kind: 'hangs' });
    const { samples, missed } = await scraper.scrape(targets(pods), never);
    expect([namesOf(samples), namesOf(missed)]).toEqual([
      ['p0', 'p1'],
      ['p2', 'p3', 'p4'],
    ]);
    expect(await pods[4]?.connections()).toBe(0);
  });

  it('cuts a page that never ends by its size, long before the deadline', async () => {
    await scraper.close();
    scraper = createScraper({ deadlineMs: 60_000 });
    const pods = await startPods(1);
    pods[0]?.behave({ kind: 'floods' });
    const { missed } = await scraper.scrape(targets(pods), never);
    expect(String(missed[0]?.error)).toMatch(/longer than 524288 bytes/);
  });

  it('ends with its caller', async () => {
    await scraper.close();
    scraper = createScraper({ deadlineMs: 60_000 });
    const pods = await startPods(1);
    pods[0]?.behave({ kind: 'hangs' });
    const caller = new AbortController();
    const scrape = scraper.scrape(targets(pods), caller.signal);
    await eventually(async () => (await pods[0]?.connections()) === 1, { what: 'a connection' });
    caller.abort();
    expect((await scrape).samples).toEqual([]);
  });

  it('uses the connections and credentials of whoever stands between', async () => {
    await scraper.close();
    const dispatcher = new Agent();
    const session = async () => ({ dispatcher, headers: { authorization: 'Bearer synthetic' } });
    scraper = createScraper({ deadlineMs: 5_000, session });
    const pods = await startPods(1);
    expect((await scraper.scrape(targets(pods), never)).missed).toEqual([]);
    expect(pods[0]?.headers()).toMatchObject({ authorization: 'Bearer synthetic' });
    await dispatcher.close();
  });

  it('has nothing to do without pods', async () => {
    expect(await scraper.scrape([], never)).toEqual({ samples: [], findings: [], missed: [] });
  });
});
