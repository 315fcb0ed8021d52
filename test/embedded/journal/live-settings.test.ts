/** Live settings between an operator that writes and a pod that watches, while servers go and come. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Kvm } from '@nats-io/kv';
import type { LiveSettings } from '../../../contract/app-contract.ts';
import { type LiveSettingsWatch, watchLiveSettings } from '../../../journal/live/live-settings.ts';
import { eventually, eventuallyHolds } from '../../helpers/eventually.ts';
import { patiently } from '../../helpers/patiently.ts';
import { never, type RealJournal, startRealJournal } from '../../helpers/real-journal.ts';

const settings = (generation: number): LiveSettings => ({
  v: 1,
  generation,
  title: { 'zh-CN': '春', en: 'Spring' },
  window: { opensAt: '2020-09-25T01:00:00Z', closesAt: '2020-10-02T16:00:00Z' },
  identity: { keySpace: 'residentNumber' },
  eligibility: { minAge: 18, uniqueness: 'perCitizen' },
  draw: { unverified: 'exclude', bundleUrl: 'https://files.city.example/spring/' },
  vouchers: [],
  traffic: { admissionPerSecond: 100, intakePods: 2, burstSeconds: 1 },
  loginPods: 3,
  announced: { barriers: [4, 5, 6], unverified: 'enter' },
});

let journal: RealJournal;
let watch: LiveSettingsWatch;
const changes: number[] = [];
const errors: unknown[] = [];
const stop = new AbortController();

beforeAll(async () => {
  journal = await startRealJournal();
  const connection = await journal.connect('pod');
  // The pod is there before the operator has made the bucket.
  watch = watchLiveSettings(
    {
      connection,
      campaignId: 'spring',
      onError: (error) => errors.push(error),
      onChange: ({ generation }) => changes.push(generation),
    },
    stop.signal,
  );
  await journal.ensured();
});
afterAll(async () => {
  stop.abort();
  await journal.stop();
});

const put = (generation: number): Promise<void> =>
  patiently('a write', () => journal.admin.putLiveSettings('spring', settings(generation), never));
/** Of the last value, by the leader: a look at the bucket may be answered by a server that is behind. */
const revision = async (): Promise<number> =>
  (await journal.manager.streams.getMessage('KV_live_spring', { last_by_subj: '$KV.live_spring.settings' }))?.seq ?? 0;
const seen = (generation: number): Promise<boolean> =>
  eventually(() => watch.current()?.generation === generation, { what: `generation ${generation}` });

describe('a pod that watches the live settings', () => {
  it('has none before the first, and then follows', async () => {
    expect(watch.current()).toBeUndefined();
    await put(1);
    expect((await watch.first).generation).toBe(1);
    await put(2);
    await seen(2);
    expect(changes).toEqual([1, 2]);
    expect(watch.current()).toEqual(settings(2));
  });

  it('is not woken by a write that changes nothing', async () => {
    const before = await revision();
    await put(2);
    expect(await revision()).toBe(before);
  });

  it('keeps the last valid value when nonsense is written, and complains of it once', async () => {
    errors.length = 0;
    const kv = await new Kvm(journal.connection.nats).open('live_spring');
    await kv.put('settings', JSON.stringify({ ...settings(3), window: { opensAt: 'soon' } }));
    // Beside it may be others, of a journal that is slow.
    const complaints = () => errors.filter((error) => String(error).includes('is not valid; the previous one is kept'));
    await eventually(() => complaints().length > 0, { what: 'the complaint' });
    expect(watch.current()?.generation).toBe(2);
    await put(4);
    await seen(4);
    expect(complaints()).toHaveLength(1);
  });

  it('keeps the last value while every server is away, and follows again afterwards', async () => {
    for (const node of journal.cluster.nodes) node.kill('SIGKILL');
    await eventually(() => !journal.connection.isConnected(), { what: 'the loss' });
    expect(watch.current()?.generation).toBe(4);
    await Promise.all(journal.cluster.nodes.map((node) => node.restart()));
    await journal.cluster.ready(never);
    await eventuallyHolds(() => put(5), { what: 'a write after the restart' });
    await seen(5);
  });

  it('follows a bucket that was destroyed and made anew, whose revisions begin at one', async () => {
    await journal.manager.streams.delete('KV_live_spring');
    expect(watch.current()?.generation).toBe(5);
    const putAnew = async (): Promise<void> => {
      await journal.ensured();
      await put(6);
    };
    await eventuallyHolds(putAnew, { what: 'a write into the new bucket' });
    expect(await revision()).toBe(1);
    await seen(6);
  });
});
