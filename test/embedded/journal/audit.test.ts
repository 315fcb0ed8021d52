/** Trails on three real nats-servers: what is appended stays, once, in one chain, and what is forged shows. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { checkTrail } from '../../../cli/audit/trail.ts';
import { AUDIT_STREAM } from '../../../contract/names.ts';
import { createAuditLog } from '../../../journal/audit-log.ts';
import type { AuditLog } from '../../../journal/trail.ts';
import { entriesOf, type Forgery, forge, linesOf, race, writeWhole } from '../../helpers/audit-play.ts';
import { eventually, eventuallyHolds } from '../../helpers/eventually.ts';
import { patiently } from '../../helpers/patiently.ts';
import { journalSpec, never, type RealJournal, startRealJournal } from '../../helpers/real-journal.ts';

let journal: RealJournal;
let log: AuditLog;
/** What one undisturbed leader writes. */
let whole: readonly (string | undefined)[];
const idsOf = async (campaignId: string) => (await entriesOf(log, campaignId)).map((entry) => entry?.id);

beforeAll(async () => {
  journal = await startRealJournal();
  log = createAuditLog({ connection: journal.connection, replicas: 3 });
  await writeWhole(log, 'reference');
  whole = await idsOf('reference');
});
afterAll(() => journal.stop());

describe('the stream of trails', () => {
  it('has three replicas, refuses what is new when it is full, and takes nothing away again', async () => {
    const { config } = await journal.manager.streams.info(AUDIT_STREAM);
    expect(config).toMatchObject({
      subjects: ['audit.*'],
      storage: 'file',
      num_replicas: 3,
      retention: 'limits',
      discard: 'new',
      discard_new_per_subject: true,
      max_age: 0,
      deny_delete: true,
      deny_purge: true,
    });
    const { streams } = journal.manager;
    await expect(streams.deleteMessage(AUDIT_STREAM, 1)).rejects.toThrow(/not permitted|denied/i);
    await expect(streams.purge(AUDIT_STREAM)).rejects.toThrow(/not permitted|denied/i);
  });

  it('names the campaigns that have a trail, and reads none for another', async () => {
    expect(await log.campaignIds(never)).toContain('reference');
    expect(await linesOf(log, 'nobody')).toEqual([]);
  });

  it('is not written to behind an end that has moved, nor twice with one id', async () => {
    const entry = { id: 'a/once' };
    const first = await log.append('direct', entry, undefined, never);
    if (first.kind !== 'appended') throw new Error('not appended');
    expect(await log.append('direct', { id: 'a/other' }, undefined, never)).toEqual({ kind: 'moved' });
    expect(await log.append('direct', entry, first.tail, never)).toEqual({ kind: 'moved' });
    expect(await linesOf(log, 'direct')).toHaveLength(1);
  });
});

describe('a trail', () => {
  it('never forks: three leaders at once leave every entry once', async () => {
    await race(journal, 'raced', 3);
    const ids = await idsOf('raced');
    expect(ids.toSorted()).toEqual(whole.toSorted());
    expect(checkTrail(await linesOf(log, 'raced')).breaks).toEqual([]);
  });

  it('has every entry once when the leader of its stream is killed in the middle', async () => {
    await writeWhole(log, 'killed', async (view) => {
      if (view !== 4) return;
      const { cluster } = await journal.manager.streams.info(AUDIT_STREAM);
      const node = journal.cluster.nodes.find(({ name }) => name === cluster?.leader);
      node?.kill('SIGKILL');
      void node?.restart();
    });
    await eventuallyHolds(async () => expect(await idsOf('killed')).toEqual(whole), { what: 'the trail' });
    expect(checkTrail(await linesOf(log, 'killed')).breaks).toEqual([]);
    await journal.cluster.ready(never);
  });

  it('outlives its campaign’s journal', async () => {
    const spec = journalSpec({ campaignId: 'autumn', campaignName: 'autumn' });
    await journal.ensured(spec);
    await writeWhole(log, 'autumn');
    const removal = await patiently('the removal', () => journal.admin.remove(spec, never));
    expect(removal).toMatchObject({ kind: 'removed' });
    // A server that is asked may not have heard of it yet.
    const names = (): Promise<readonly string[]> => journal.manager.streams.names().next();
    await eventually(async () => !(await names()).some((name) => name.includes('autumn')), {
      what: 'no stream of the campaign',
    });
    expect(await idsOf('autumn')).toEqual(whole);
  });
});

describe('a trail that somebody with the operator’s account made anew', () => {
  it.each<[Forgery, RegExp]>([
    ['one removed', /^entry 6 was found in place of entry 5: entries were removed/],
    ['one altered', /^entry 7 does not fit entry 6: one of them was altered/],
    ['the order changed', /^entry 4 was found in place of entry 3/],
    ['the last two cut off', /^no entry has the hash [0-9a-f]{64}: entries up to it were cut off/],
  ])('with %s is reported', async (forgery, message) => {
    const campaignId = forgery.replaceAll(' ', '-');
    await writeWhole(log, campaignId);
    expect((await forge(journal, campaignId, forgery)).breaks[0]).toMatch(message);
  });
});
