/** Commands to erase, and the destruction of all personal data, tick by tick: status, condition, events, certificate and trail. */
import { beforeEach, describe, expect, it } from '@jest/globals';
import { DESTROY_ANNOTATION, eraseAnnotation } from '../../../contract/names.ts';
import type { VoucherCampaign } from '../../../contract/types/campaign.ts';
import { type AuditEntry, parseAuditEntry } from '../../../operator/audit/entry.ts';
import { destroyText } from '../../../operator/destruction/destroy-command.ts';
import { emptySecretCommand } from '../../../operator/destruction/destruction-messages.ts';
import { eraseText } from '../../../operator/erasure/erase-commands.ts';
import type { Manifest } from '../../../operator/resources/manifest.ts';
import { createReconciler, type Reconciler } from '../../../operator/tick/reconcile.ts';
import { aCampaign, CLOSES_AT_MS } from '../../helpers/a-campaign.ts';
import { FakeAuditLog } from '../../helpers/fake-audit-log.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';
import { FakeDestruction } from '../../helpers/fake-destruction.ts';
import { FakeFreezeJournal } from '../../helpers/fake-freeze-journal.ts';
import { FakeWorld } from '../../helpers/fake-world.ts';
import { freshReadings } from '../../helpers/observed.ts';
import { receiptOf } from '../../helpers/records.ts';

const { signal } = new AbortController();
const DAY_MS = 86_400_000;
const RECEIPT = receiptOf('li');
const AT = '2020-09-26T09:00:00+08:00';

let clock: FakeClock;
let world: FakeWorld;
let destruction: FakeDestruction;
let audit: FakeAuditLog;
let erased: string[];
let annotations: Record<string, string>;
let manifests: Manifest[];
let reconciler: Reconciler;
let others: VoucherCampaign[];
let freeze: FakeFreezeJournal | undefined;

const anOperator = (): Reconciler => {
  const deps = world.deps();
  const { journal: destroying, secrets } = destruction.access();
  return createReconciler({
    ...deps,
    ...(freeze === undefined ? {} : { freezing: freeze.access() }),
    audit,
    living: { campaigns: () => [aCampaign(), ...others] },
    manifests: {
      ...deps.manifests,
      async apply(manifest, of) {
        manifests.push(manifest);
        await deps.manifests.apply(manifest, of);
      },
    },
    privacy: {
      erasing: {
        async erase({ receipt }) {
          erased.push(receipt);
          return { kind: 'erased', receipts: [receipt, receiptOf('li-2')] };
        },
      },
      destroying,
      secrets,
      operator: 'operator-1',
    },
  });
};
beforeEach(() => {
  clock = new FakeClock(CLOSES_AT_MS + DAY_MS);
  world = new FakeWorld(clock);
  destruction = new FakeDestruction(() => clock.now());
  audit = new FakeAuditLog();
  [erased, manifests, annotations, others] = [[], [], {}, []];
  freeze = undefined;
  reconciler = anOperator();
});

/** The list of the draw is made, and nothing else needs citizen.key. */
const listed = (): void => {
  const { campaignId } = aCampaign().spec;
  freeze = new FakeFreezeJournal();
  const at = new Date(CLOSES_AT_MS + 20_000).toISOString();
  freeze.entries.push({ v: 1, campaignId, at, barriers: [1, 1, 1], unverified: 'unchecked' });
  freeze.listed = { v: 1, campaignId, lists: [] };
  reconciler = anOperator();
};

const status = () => world.statuses.at(-1);
const condition = () => status()?.conditions?.find(({ type }) => type === 'PersonalDataDestroyed');
const reasons = (): readonly string[] => world.events.map(({ reason }) => reason);
const campaignNow = (): VoucherCampaign => {
  const now = status();
  const campaign = aCampaign(now && { status: now });
  return { ...campaign, metadata: { ...campaign.metadata, annotations } };
};
const ticks = async (count: number): Promise<void> => {
  for (let tick = 0; tick < count; tick += 1) {
    world.readings = freshReadings(clock.now());
    await reconciler.reconcile(campaignNow(), signal);
    world.settlePods();
    await clock.advance(1_000);
  }
};
const trail = (): readonly AuditEntry[] =>
  audit.lines(aCampaign().spec.campaignId).flatMap((line) => parseAuditEntry(line) ?? []);

describe('a command to erase', () => {
  it('is carried out once, by any leader, and is in status, events and trail', async () => {
    annotations = { [eraseAnnotation(RECEIPT)]: eraseText({ who: 'li.wei', at: AT, reason: 'request 17' }) };
    await ticks(4);
    expect(status()?.erasures).toMatchObject([{ receipt: RECEIPT, who: 'li.wei', state: 'Erased', receipts: 2 }]);
    reconciler = anOperator();
    await ticks(4);
    expect(erased).toEqual([RECEIPT]);
    expect(reasons().filter((reason) => reason === 'PersonErased')).toHaveLength(1);
    expect(trail().filter(({ step }) => step === 'person_erased')).toMatchObject([
      { receipt: RECEIPT, who: 'li.wei', reason: 'request 17', receipts: 2 },
    ]);
    annotations = {};
    await ticks(2);
    expect(status()?.erasures).toBeUndefined();
  });
});

describe('the personal data of a campaign', () => {
  it('is destroyed at the date that pods tell citizens, and the certificate and its digest remain', async () => {
    listed();
    await ticks(3);
    expect(condition()).toMatchObject({ status: 'False', reason: 'NotDue' });
    // It was first shown a day after closing.
    const deleteAt = new Date(CLOSES_AT_MS + 181 * DAY_MS).toISOString();
    expect([status()?.privacy, world.settings?.privacy]).toEqual([{ deleteAt }, { deleteAt }]);
    await clock.advance(180 * DAY_MS);
    await ticks(10);
    expect(condition()).toMatchObject({ status: 'True', reason: 'Destroyed' });
    expect([destruction.keys.size, destruction.secretKeys]).toEqual([0, []]);
    expect(reasons()).toEqual(expect.arrayContaining(['DestructionBegan', 'PersonalDataDestroyed']));
    const certificate = manifests.findLast(({ metadata }) => metadata?.name === 'chengdu-deletion-certificate');
    expect(JSON.stringify(certificate)).toContain('2020-09-25-3f9c41d2a07b66e8');
    expect(trail().filter(({ step }) => step.includes('destr'))).toMatchObject([
      { step: 'destruction_ordered', cause: 'Date' },
      { step: 'personal_data_destroyed', certificate: status()?.privacy?.certificate },
    ]);
  });

  it('is kept after the date until the list of the draw is made, and the condition says why', async () => {
    await ticks(3);
    await clock.advance(180 * DAY_MS);
    await ticks(3);
    expect(condition()).toMatchObject({ status: 'False', reason: 'HeldByDraw' });
    expect(condition()?.message).toMatch(/was to be destroyed at .* because the list needs citizen\.key/);
    expect([destruction.orders, destruction.keys.size]).toEqual([[], 2]);
    expect(reasons().filter((reason) => reason === 'DestructionHeld')).toHaveLength(1);
    listed();
    await ticks(10);
    expect(condition()).toMatchObject({ status: 'True', reason: 'Destroyed' });
  });

  it('is not held for ever: an owner gives up the list after the date, but not by a command before it', async () => {
    const { campaignId } = aCampaign().spec;
    const orderedAt = (ms: number) => {
      const at = new Date(ms).toISOString();
      return { [DESTROY_ANNOTATION]: destroyText(campaignId, { who: 'li.wei', atMs: ms, reason: 'given up' }, at) };
    };
    annotations = orderedAt(clock.now());
    await ticks(3);
    await clock.advance(180 * DAY_MS);
    await ticks(3);
    expect(condition()).toMatchObject({ status: 'False', reason: 'HeldByDraw' });
    expect(condition()?.message).toContain(`kubectl voucher destroy-keys chengdu -n vouchers --confirm ${campaignId}`);
    expect(destruction.orders).toEqual([]);
    annotations = orderedAt(clock.now());
    await ticks(10);
    expect(condition()).toMatchObject({ status: 'True', reason: 'Destroyed' });
    expect(status()?.privacy).toMatchObject({ cause: 'Command', who: 'li.wei' });
  });

  it('is destroyed by order of an owner only after the list is made, and the order can be taken back until then', async () => {
    const { campaignId } = aCampaign().spec;
    annotations = { [DESTROY_ANNOTATION]: destroyText(campaignId, { who: 'li.wei', atMs: 0, reason: 'over' }, AT) };
    await ticks(4);
    expect(condition()).toMatchObject({ status: 'False', reason: 'WaitingForList' });
    annotations = {};
    await ticks(2);
    expect(condition()).toMatchObject({ reason: 'NotDue' });
    annotations = { [DESTROY_ANNOTATION]: destroyText('another', { who: 'li.wei', atMs: 0, reason: 'over' }, AT) };
    await ticks(2);
    expect(condition()).toMatchObject({ reason: 'CommandUnreadable' });
    expect([destruction.orders, destruction.keys.size]).toEqual([[], 2]);
  });

  it('names the command that empties the Secret where the operator may not do it', async () => {
    listed();
    destruction.mayEmpty = false;
    await ticks(2);
    await clock.advance(180 * DAY_MS);
    await ticks(10);
    expect(condition()).toMatchObject({
      reason: 'SecretNotEmptied',
      message: expect.stringContaining(emptySecretCommand('vouchers', 'voucher-privacy')),
    });
    expect(destruction.keys.size).toBe(0);
  });

  it('leaves the Secret alone while another campaign of the namespace needs its keys', async () => {
    listed();
    const another = (status?: VoucherCampaign['status']): VoucherCampaign => {
      const { status: _, ...campaign } = aCampaign();
      return { ...campaign, metadata: { ...campaign.metadata, name: 'autumn' }, ...(status && { status }) };
    };
    others = [another()];
    await ticks(2);
    await clock.advance(180 * DAY_MS);
    await ticks(10);
    expect(condition()).toMatchObject({ reason: 'SecretNotEmptied', message: expect.stringContaining('autumn') });
    expect(condition()?.message).not.toContain('kubectl patch');
    expect([destruction.keys.size, destruction.secretKeys.length]).toEqual([0, 3]);
    others = [another({ privacy: { deleteAt: AT, orderedAt: AT, cause: 'Date' } })];
    await clock.advance(20_000);
    await ticks(5);
    expect(condition()?.reason).toBe('Destroyed');
  });

  it('is kept for all its days after its date was first shown, where the campaign had closed already', async () => {
    listed();
    await clock.advance(400 * DAY_MS);
    await ticks(3);
    const [deleteAt] = [status()?.privacy?.deleteAt ?? ''];
    expect(Date.parse(deleteAt) - clock.now()).toBeGreaterThan(179 * DAY_MS);
    reconciler = anOperator();
    await clock.advance(179 * DAY_MS);
    await ticks(5);
    expect([status()?.privacy?.deleteAt, destruction.keys.size]).toEqual([deleteAt, 2]);
    await clock.advance(DAY_MS);
    await ticks(8);
    expect(condition()?.reason).toBe('Destroyed');
  });
});
