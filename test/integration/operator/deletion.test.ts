/** What the end of a campaign leaves behind: on a real API server, with a real journal. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { JOURNAL_FINALIZER } from '../../../contract/names.ts';
import type { JournalAdmin } from '../../../journal/administration.ts';
import { eventually } from '../../helpers/eventually.ts';
import { CORE, campaignBody, conditionOf, GROUP } from '../../helpers/kube-world.ts';
import { type RealJournal, startRealJournal } from '../../helpers/real-journal.ts';
import { type ManagedWorld, startManagedWorld } from './world.ts';

const SOON = { everyMs: 50 };

let world: ManagedWorld;
let journal: RealJournal;
/** Fails removals while set. */
let outage: string | undefined;

beforeAll(async () => {
  journal = await startRealJournal();
  const admin = journal.admins({ shardMaxBytes: 2 ** 22 });
  const faulty: JournalAdmin = {
    ...admin,
    remove: async (spec, signal) => {
      if (outage !== undefined) throw new Error(outage);
      return admin.remove(spec, signal);
    },
  };
  world = await startManagedWorld({ journal: faulty });
});

afterAll(async () => {
  await world?.stop();
  await journal?.stop();
});

const pathOf = (namespace: string, name: string): string => `${GROUP}/namespaces/${namespace}/vouchercampaigns/${name}`;
const finalizers = async (namespace: string, name: string) =>
  (await world.campaign(namespace, name)).metadata.finalizers ?? [];
const remove = (namespace: string, name: string) =>
  world.plane.call({ method: 'DELETE', path: pathOf(namespace, name) });
const isGone = async (namespace: string, name: string): Promise<boolean> =>
  (await world.plane.answer({ method: 'GET', path: pathOf(namespace, name) })).status === 404;
const gone = (namespace: string, name: string) =>
  eventually(() => isGone(namespace, name), { ...SOON, what: `${name} to be gone` });
const setPolicy = (namespace: string, name: string, deletionPolicy: 'Retain' | 'Delete') =>
  world.patch(pathOf(namespace, name), { spec: { deletionPolicy } });
const streamsOf = async (campaignId: string): Promise<readonly string[]> =>
  (await journal.manager.streams.names().next()).filter((name) => name.includes(campaignId)).toSorted();
const create = async (namespace: string, name: string, spec: object = {}) =>
  world.createCampaign(namespace, await campaignBody(name, { spec }));

describe('a campaign that is deleted', () => {
  it('takes its objects with it', async () => {
    const namespace = await world.createNamespace();
    await create(namespace, 'gone');
    await world.ready(namespace, 'gone');
    await remove(namespace, 'gone');
    await eventually(async () => (await world.deployment(namespace, 'gone-intake')) === undefined, {
      ...SOON,
      what: 'the garbage collector',
    });
  });

  it('leaves its journal to Retain, where only a campaign that adopts it finds it again', async () => {
    const namespace = await world.createNamespace();
    await create(namespace, 'kept');
    await world.ready(namespace, 'kept');
    expect(await finalizers(namespace, 'kept')).toEqual([]);
    const before = await streamsOf('kept');
    expect(before).toHaveLength(6);
    await remove(namespace, 'kept');
    await gone(namespace, 'kept');
    expect(await streamsOf('kept')).toEqual(before);

    // Same name, same campaignId, another object.
    await create(namespace, 'kept');
    const refused = await eventually(
      async () => {
        const condition = conditionOf(await world.campaign(namespace, 'kept'), 'Ready');
        return condition?.reason === 'JournalConflict' ? condition : undefined;
      },
      { ...SOON, what: 'the conflict' },
    );
    expect(refused.message).toContain('spec.adoptJournal');
    await world.patch(pathOf(namespace, 'kept'), { spec: { adoptJournal: true } });
    await world.ready(namespace, 'kept');
    expect(await streamsOf('kept')).toEqual(before);
  });

  it('takes its journal with it under Delete, and its namespace ends', async () => {
    const namespace = await world.createNamespace();
    await create(namespace, 'erased', { deletionPolicy: 'Delete' });
    await world.ready(namespace, 'erased');
    expect(await finalizers(namespace, 'erased')).toEqual([JOURNAL_FINALIZER]);
    expect(await streamsOf('erased')).toHaveLength(6);
    const path = `${CORE}/namespaces/${namespace}`;
    await world.plane.call({ method: 'DELETE', path });
    await gone(namespace, 'erased');
    await eventually(async () => (await streamsOf('erased')).length === 0, {
      ...SOON,
      what: 'no stream of the campaign',
    });
    await eventually(async () => (await world.plane.answer({ method: 'GET', path })).status === 404, {
      what: 'the namespace to be gone',
    });
  });

  it('waits under Delete for a journal that does not answer, says so, and goes without it under Retain', async () => {
    const namespace = await world.createNamespace();
    await create(namespace, 'waits', { deletionPolicy: 'Delete' });
    await world.ready(namespace, 'waits');
    outage = 'no journal server can be reached';
    try {
      await remove(namespace, 'waits');
      const events = `/apis/events.k8s.io/v1/namespaces/${namespace}/events?fieldSelector=reason%3DJournalNotDeleted`;
      const [event] = await eventually(
        async () => {
          const { items } = await world.get<{ readonly items: readonly { readonly note: string }[] }>(events);
          return items.length > 0 && items;
        },
        { ...SOON, what: 'the event' },
      );
      expect(event?.note).toMatch(/no journal server can be reached\..*spec\.deletionPolicy to Retain/);
      expect(await isGone(namespace, 'waits')).toBe(false);
      await setPolicy(namespace, 'waits', 'Retain');
      await gone(namespace, 'waits');
      expect(await streamsOf('waits')).toHaveLength(6);
    } finally {
      outage = undefined;
    }
  });
});

describe('the finalizer', () => {
  it('comes and goes with the policy, and leaves those of others', async () => {
    const namespace = await world.createNamespace();
    await create(namespace, 'changes');
    await world.ready(namespace, 'changes');
    await world.patch(pathOf(namespace, 'changes'), { metadata: { finalizers: ['example.org/backup'] } });
    const becomes = (wanted: readonly string[]) =>
      eventually(async () => JSON.stringify(await finalizers(namespace, 'changes')) === JSON.stringify(wanted), {
        ...SOON,
        what: `the finalizers ${wanted.join(', ')}`,
      });
    await setPolicy(namespace, 'changes', 'Delete');
    await becomes(['example.org/backup', JOURNAL_FINALIZER]);
    await setPolicy(namespace, 'changes', 'Retain');
    await becomes(['example.org/backup']);
  });
});

describe('its API calls', () => {
  it('are all allowed by the rights that the chart gives', () => {
    // A namespace that ends takes no more events, from nobody.
    const refused = world.operator.log.filter(
      (line) => line.includes('403 Forbidden') && !line.includes('being terminated'),
    );
    expect(refused).toEqual([]);
  });
});
