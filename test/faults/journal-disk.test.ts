/** A nats-server whose disk has no room, as the kernel says it: told by its name, and back when there is room. */
import { afterEach, describe, expect, it } from '@jest/globals';
import { eventually, eventuallyHolds } from '../helpers/eventually.ts';
import { injectErrors } from '../helpers/outages/strace.ts';
import { copiesInJournal, lostOf } from '../helpers/read-back.ts';
import { journalSpec, never, type RealJournal, startRealJournal } from '../helpers/real-journal.ts';

let journal: RealJournal | undefined;
afterEach(async () => {
  await journal?.stop();
  journal = undefined;
});

describe('a journal without room', () => {
  it('tells a server that ran out of its disk by its name, and has it back when there is room', async () => {
    journal = await startRealJournal({ supervise: true });
    const full = journal;
    expect(await journal.ensured()).toMatchObject({ kind: 'ready' });
    const crowd = await journal.startCrowd({ size: 8 });
    const node = journal.cluster.nodes[1];
    if (node === undefined) throw new Error('no second server');
    const injection = await injectErrors(node.pid(), 'ENOSPC');
    const faults = () => full.admin.faults?.(journalSpec()) ?? [];
    await eventually(() => faults().some(({ kind }) => kind === 'jetStreamOff'), {
      what: 'JetStream off on one server',
    });
    expect(faults()).toContainEqual({ kind: 'jetStreamOff', server: 'nats-1' });
    // A server whose page comes late makes durability unknown for a while.
    const syncs = async (): Promise<void> =>
      expect(await full.ensured()).toMatchObject({ kind: 'ready', durability: 'Synced' });
    await eventuallyHolds(syncs, { what: 'a journal that syncs' });
    await injection.stop();
    await node.restart();
    const isWell = async () =>
      (await full.admin.ensure(journalSpec(), never)).kind === 'ready' && faults().length === 0;
    await eventually(isWell, { what: 'no fault any more', everyMs: 250 });
    await crowd.stop();
    const copies = await eventually(() => copiesInJournal(full.connection, 'spring', never), {
      what: 'a journal that can be read',
    });
    expect(lostOf(crowd.acked.keys(), copies)).toEqual([]);
  });
});
