/** A campaign's way from closing to the frozen list, tick by tick, with two operators' memories and a spec that is edited. */
import { beforeEach, describe, expect, it } from '@jest/globals';
import type { ComparisonReport } from '../../../contract/compare.ts';
import type { VoucherCampaign } from '../../../contract/types/campaign.ts';
import { createReconciler, type Reconciler } from '../../../operator/tick/reconcile.ts';
import { aCampaign, CLOSES_AT_MS } from '../../helpers/a-campaign.ts';
import { AGREEING } from '../../helpers/comparison.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';
import { FakeFreezeJournal } from '../../helpers/fake-freeze-journal.ts';
import { FakeWorld } from '../../helpers/fake-world.ts';
import { freshReadings } from '../../helpers/observed.ts';

const { signal } = new AbortController();
let clock: FakeClock;
let world: FakeWorld;
let journal: FakeFreezeJournal;
let reconciler: Reconciler;

let comparison: ComparisonReport | undefined;

const anOperator = (): Reconciler =>
  createReconciler({ ...world.deps(), freezing: journal.access(), comparison: { read: async () => comparison } });
beforeEach(() => {
  clock = new FakeClock(CLOSES_AT_MS - 10_000);
  world = new FakeWorld(clock);
  journal = new FakeFreezeJournal();
  comparison = AGREEING;
  reconciler = anOperator();
});

const campaignNow = (closesAtMs: number): VoucherCampaign => {
  const status = world.statuses.at(-1);
  const { spec } = aCampaign();
  return aCampaign({
    spec: { window: { ...spec.window, closesAt: new Date(closesAtMs).toISOString() } },
    ...(status && { status }),
  });
};
const ticks = async (seconds: number, closesAtMs = CLOSES_AT_MS): Promise<void> => {
  for (let second = 0; second < seconds; second += 1) {
    world.readings = { ...freshReadings(clock.now()), clocks: [{ pod: 'chengdu-intake-0', aheadSeconds: 0 }] };
    await reconciler.reconcile(campaignNow(closesAtMs), signal);
    world.settlePods();
    if (world.settings !== undefined) journal.published = { closesAtMs: Date.parse(world.settings.window.closesAt) };
    await clock.advance(1_000);
  }
};
const listFrozen = () => world.statuses.at(-1)?.conditions?.find(({ type }) => type === 'ListFrozen');
const reasons = (): readonly string[] => world.events.map(({ reason }) => reason);

describe('a campaign after closing', () => {
  it('is frozen once every tier has passed the barriers, and says so by condition, stage, status and event', async () => {
    await ticks(20);
    expect(listFrozen()).toMatchObject({ status: 'False', reason: 'WaitingForMargin' });
    expect(world.statuses.at(-1)).toMatchObject({ stage: 'Closed', draw: { phase: 'Waiting' } });
    await ticks(15);
    expect(listFrozen()).toMatchObject({ reason: 'WaitingForConsumers' });
    expect([journal.barriers, journal.entries]).toEqual([3, []]);
    journal.consume('records');
    await ticks(3);
    expect(listFrozen()).toMatchObject({ status: 'True', reason: 'Frozen' });
    const [entry] = journal.entries;
    expect(world.statuses.at(-1)).toMatchObject({ stage: 'Frozen', draw: { phase: 'Frozen', frozenAt: entry?.at } });
    journal.listed = {
      v: 1,
      campaignId: 'chengdu-2020-3',
      lists: [{ voucher: 'dining', entries: 3, digest: 'ab' }],
    };
    await ticks(8);
    expect(listFrozen()).toMatchObject({ status: 'True', reason: 'Listed' });
    expect(world.statuses.at(-1)?.draw).toMatchObject({ phase: 'Listed', entries: 3 });
    expect(reasons().filter((reason) => reason.startsWith('List'))).toEqual(['ListFrozen', 'ListMade']);
  });

  it('is not frozen while rows differ between journal and database, nor before they are compared', async () => {
    comparison = undefined;
    await ticks(35);
    journal.consume('records');
    await ticks(3);
    expect(listFrozen()).toMatchObject({ status: 'False', reason: 'WaitingForComparison' });
    expect(listFrozen()?.message).toContain('0 of 1 in shard 0');
    comparison = { ...AGREEING, roundAtMs: clock.now(), buckets: 1, rows: [{ bucket: 17, rows: 2 }] };
    await ticks(3);
    expect(listFrozen()).toMatchObject({ status: 'False', reason: 'RecordsDiffer' });
    expect(listFrozen()?.message).toContain('2 rows in 1 bucket of 1,024 (bucket 17: 2)');
    expect(world.statuses.at(-1)?.conditions).toContainEqual(
      expect.objectContaining({ type: 'RecordsConsistent', status: 'False', reason: 'RowsDiffer' }),
    );
    expect(journal.entries).toEqual([]);
    comparison = { ...AGREEING, roundAtMs: clock.now() };
    await ticks(4);
    expect(listFrozen()).toMatchObject({ status: 'True', reason: 'Frozen' });
    expect(reasons().filter((reason) => reason.startsWith('Records'))).toEqual(['RecordsDiffer', 'RecordsAgree']);
  });

  it('stays closed for pods although its closing is moved later after the freeze, also by another leader', async () => {
    journal.consume('records');
    await ticks(32);
    journal.consume('records');
    await ticks(4);
    const [entry] = journal.entries;
    expect(entry?.campaignId).toBe('chengdu-2020-3');
    const later = CLOSES_AT_MS + 3_600_000;
    await ticks(3, later);
    expect(world.settings?.window.closesAt).toBe(entry?.at);
    reconciler = anOperator();
    await ticks(3, later);
    expect(world.settings?.window.closesAt).toBe(entry?.at);
    expect(world.statuses.at(-1)?.stage).toBe('Frozen');
  });

  it('does not open again by a closing that is moved later when the list is due, and says so', async () => {
    await ticks(32);
    expect(journal.barriers).toBe(3);
    const later = clock.now() + 30_000;
    await ticks(3, later);
    expect(world.settings?.window.closesAt).toBe(new Date(CLOSES_AT_MS).toISOString());
    expect(listFrozen()?.reason).toBe('WaitingForConsumers');
    expect(listFrozen()?.message).toContain(`The end ${new Date(later).toISOString()} was stated too late`);
    reconciler = anOperator();
    await ticks(3, later);
    expect(world.settings?.window.closesAt).toBe(new Date(CLOSES_AT_MS).toISOString());
  });

  it('is frozen for its new closing when that was moved before the list was due', async () => {
    await ticks(19);
    expect([clock.now(), journal.barriers]).toEqual([CLOSES_AT_MS + 9_000, 0]);
    const later = clock.now() + 30_000;
    await ticks(10, later);
    journal.store(0, 'a registration after the first closing');
    journal.consume('records');
    expect(listFrozen()).toMatchObject({ reason: 'NotClosed' });
    await ticks(45, later);
    journal.consume('records');
    await ticks(3, later);
    expect(journal.entries).toMatchObject([{ barriers: [2, 1, 1] }]);
  });
});
