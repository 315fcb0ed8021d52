/** Everything that was seen to kill or blind a watch: after each, the store equals the server again. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Informer, type InformerReport, type InformerTiming } from '../../../operator/kube/informer.ts';
import type { KubeObject } from '../../../operator/kube/objects.ts';
import { type Change, Store } from '../../../operator/kube/store.ts';
import { systemClock } from '../../../runtime/clock.ts';
import { eventually } from '../../helpers/eventually.ts';
import { StrawApiServer, type StrawObject } from './api-server.ts';
import { connectTo, STRAWS, type StrawClient } from './straw-client.ts';

const TIMING: Partial<InformerTiming> = {
  watchMs: 1_500,
  // A machine that stands still for a second is no watch that died, nor a list that hangs.
  graceMs: 1_500,
  pageMs: 5_000,
  backoff: { initialMs: 20, maxMs: 100 },
};

let server: StrawApiServer;
let straw: StrawClient;
let store: Store<StrawObject>;
let informer: Informer<StrawObject>;
let changes: Change<StrawObject>[];
let reports: InformerReport[];
let stop: AbortController;
let running: Promise<void>;

const keep = (object: KubeObject): StrawObject => {
  if (typeof object['value'] !== 'number') throw new Error(`${object.metadata.name} has no value`);
  return { metadata: object.metadata, value: object['value'] };
};

const follow = (timing: Partial<InformerTiming> = {}, namespace?: string): void => {
  store = new Store({
    indexBy: ({ value }) => `value-${value}`,
    onChange: (change) => void changes.push(change),
    onListenerError: (error) => {
      throw error;
    },
  });
  informer = new Informer({
    client: straw.client,
    clock: systemClock,
    random: () => 0,
    store,
    resource: STRAWS,
    namespace,
    keep,
    onReport: (report) => void reports.push(report),
    timing: { ...TIMING, ...timing },
  });
  running = informer.run(stop.signal);
};

const contents = (): readonly string[] =>
  [...store.list()].map(({ metadata, value }) => `${metadata.name}=${value}@${metadata.uid}`).sort();
const equal = (what: string): Promise<boolean> =>
  eventually(() => informer.isSynced && JSON.stringify(contents()) === JSON.stringify(server.contents()), {
    what: `the store to equal the server ${what}`,
  });
const watching = (): Promise<boolean> => eventually(() => server.openWatches === 1, { what: 'an open watch' });
const lists = (): number => reports.filter(({ kind }) => kind === 'listed').length;

beforeEach(async () => {
  server = await new StrawApiServer().start();
  straw = await connectTo(server);
  changes = [];
  reports = [];
  stop = new AbortController();
  for (let n = 0; n < 8; n += 1) server.put(`s${n}`, n);
});

afterEach(async () => {
  stop.abort();
  await running;
  await straw.close();
  await server.stop();
});

describe('an informer', () => {
  it('turns all pages of a list, then follows every change', async () => {
    follow();
    await equal('after listing');
    await watching();
    server.put('s1', 11);
    server.delete('s2');
    server.put('new', 1);
    await equal('after three changes');
    expect(lists()).toBe(1);
    expect(changes.slice(8).map(({ kind, object }) => `${kind} ${object.metadata.name}`)).toEqual([
      'updated s1',
      'deleted s2',
      'added new',
    ]);
    expect([...store.byIndex('value-11')].map(({ metadata }) => metadata.name)).toEqual(['s1']);
    expect([...store.byIndex('value-2')]).toEqual([]);
  });

  it('sees only its namespace', async () => {
    server.put('elsewhere', 1, 'other');
    follow({}, 'other');
    await eventually(() => informer.isSynced, { what: 'the first list' });
    server.put('not-mine', 1);
    server.put('mine', 1, 'other');
    await eventually(() => store.get('other', 'mine') !== undefined, { what: 'the new one' });
    expect([...store.list()].map(({ metadata }) => metadata.name)).toEqual(['elsewhere', 'mine']);
  });

  it('goes on from where it was when the server ends the watch, without another list', async () => {
    follow();
    await equal('after listing');
    await watching();
    server.bookmark();
    const watches = () => server.received.filter(({ query }) => query.get('watch') === 'true').length;
    await eventually(() => watches() > 1, { what: 'a second watch' });
    server.put('s1', 12);
    await equal('after the end');
    expect(lists()).toBe(1);
    expect(reports.filter(({ kind }) => kind === 'failed')).toEqual([]);
  });

  it('survives reset sockets', async () => {
    follow();
    await equal('after listing');
    for (let round = 0; round < 5; round += 1) {
      await watching();
      server.resetWatches();
      server.put('s1', 100 + round);
      await equal(`after reset ${round}`);
    }
  });

  it('lists again when the version is too old, by answer and by event', async () => {
    follow();
    await equal('after listing');
    await watching();
    server.resetWatches();
    server.delete('s1');
    server.compact();
    await equal('after 410');
    expect(lists()).toBeGreaterThan(1);
    await watching();
    const before = lists();
    server.say(
      `${JSON.stringify({ type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired', message: 'too old' } })}\n`,
    );
    await eventually(() => lists() > before, { what: 'another list' });
  });

  it('tells a deletion and an addition for an object that was made anew unseen', async () => {
    follow();
    await equal('after listing');
    await watching();
    changes.length = 0;
    server.resetWatches();
    server.delete('s1');
    server.put('s1', 1);
    server.compact();
    await equal('after the relist');
    expect(changes.map(({ kind }) => kind)).toEqual(['deleted', 'added']);
  });

  it('survives a server that is killed and comes back', async () => {
    follow();
    await equal('after listing');
    await watching();
    await server.crash();
    await eventually(() => reports.some(({ kind }) => kind === 'failed'), {
      what: 'a failed watch',
    });
    server.put('s1', 77);
    server.compact();
    await server.listenAgain();
    await equal('after the restart');
  });

  it('cuts a watch that neither speaks nor ends', async () => {
    follow();
    await equal('after listing');
    await watching();
    server.freezeWatches();
    server.put('s1', 55);
    await equal('after the silence');
    expect(reports.some(({ kind }) => kind === 'failed')).toBe(true);
  });

  it('waits for slow lists and starts over when a page takes too long', async () => {
    let slow = 1;
    server.beforeList = async () => {
      if (slow-- > 0) await new Promise<void>(() => undefined);
    };
    follow({ pageMs: 500 });
    await equal('after a list that hung');
  });

  it('keeps serving the old objects while a list is away', async () => {
    follow();
    await equal('after listing');
    await watching();
    const never = new Promise<void>(() => undefined);
    server.beforeList = () => never;
    server.compact();
    server.resetWatches();
    await eventually(() => reports.some(({ kind }) => kind === 'failed'), {
      what: 'the 410',
    });
    expect(informer.isSynced).toBe(true);
    expect(store.size).toBe(8);
    server.beforeList = undefined;
    server.put('s1', 66);
    await equal('when lists are back');
  });

  it('does not skip what it can’t read', async () => {
    follow();
    await equal('after listing');
    await watching();
    server.say('{"type":"MODIFIED","obj\n');
    server.put('s1', 44);
    await equal('after a garbled line');
    expect(reports.some(({ kind }) => kind === 'failed')).toBe(true);
  });

  it('leaves out one bad object and keeps the others', async () => {
    server.put('bad', Number.NaN);
    follow();
    await eventually(() => informer.isSynced, { what: 'the first list' });
    expect(store.size).toBe(8);
    expect(reports.filter(({ kind }) => kind === 'skipped')).toHaveLength(1);
  });

  it.each([429, 500, 503])('comes back after %d', async (status) => {
    server.nextAnswers.push(
      { status, headers: { 'retry-after': '0' } },
      { status, headers: { 'retry-after': '0' } },
      'reset',
    );
    follow();
    await equal('after refusals');
  });

  it('asks soon again after a refusal that follows an outage, and counts it from its own beginning', async () => {
    const failed = () => reports.filter((report) => report.kind === 'failed');
    server.nextAnswers.push(...Array.from({ length: 8 }, () => ({ status: 400 })));
    server.nextAnswers.push(...Array.from({ length: 2 }, () => ({ status: 403 })));
    follow({ refusedMs: 60_000 });
    await equal('after the outage and the refusals');
    await watching();
    expect(failed().map(({ failures }) => failures)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 1, 2]);
    expect(failed().every(({ retryAfterMs }) => retryAfterMs <= 100)).toBe(true);
    await eventually(() => informer.trouble === undefined, { what: 'no trouble' });
  });

  it('knows since when it is refused', async () => {
    server.nextAnswers.push({ status: 400 }, ...Array.from({ length: 50 }, () => ({ status: 403 })));
    follow({ refusedMs: 20 });
    await eventually(() => informer.trouble?.isRefused === true, { what: 'the first refusal' });
    const sinceMs = informer.trouble?.sinceMs;
    await eventually(() => (informer.trouble?.failures ?? 0) >= 3, { what: 'three refusals' });
    expect(informer.trouble).toMatchObject({ isRefused: true, sinceMs });
  });

  it('follows a server that was restored from a backup', async () => {
    follow();
    await equal('after listing');
    await watching();
    server.restore(10);
    server.put('old', 1);
    server.put('s1', 2);
    await equal('after the restore');
  });

  it('takes our own writes at once, and no late one after its deletion', async () => {
    follow();
    await equal('after listing');
    await watching();
    const written = server.put('mine', 1);
    await equal('after our write');
    server.delete('mine');
    await equal('after the deletion');
    store.observe(written);
    expect(store.get('vouchers', 'mine')).toBeUndefined();
    const ahead = { metadata: { ...written.metadata, resourceVersion: '99999' }, value: 2 };
    store.observe(ahead);
    expect(store.get('vouchers', 'mine')).toBe(ahead);
  });

  it('reads a burst to its last event, also when the server then hangs up', async () => {
    follow();
    await equal('after listing');
    await watching();
    for (let n = 0; n < 5_000; n += 1) server.put(`burst-${n % 50}`, n);
    server.endWatches();
    await equal('after the burst');
    expect(lists()).toBe(1);
  });

  it('leaves no watch open when it is stopped', async () => {
    follow();
    await watching();
    stop.abort();
    await running;
    await eventually(() => server.openWatches === 0, { what: 'the watch to be hung up' });
  });
});
