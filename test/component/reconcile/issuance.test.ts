/** Issuance, tick by tick: an owner starts it, pods read stocks, a person stops a channel. */
import { beforeEach, describe, expect, it } from '@jest/globals';
import { channelStopAnnotation, ISSUE_START } from '../../../contract/names.ts';
import type { StockReading } from '../../../contract/outside/books.ts';
import { lookTarget } from '../../../contract/outside/outside.ts';
import type { VoucherCampaign } from '../../../contract/types/campaign.ts';
import { createReconciler, type Reconciler } from '../../../operator/tick/reconcile.ts';
import { aCampaign, CLOSES_AT_MS } from '../../helpers/a-campaign.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';
import { FakeFreezeJournal } from '../../helpers/fake-freeze-journal.ts';
import { FakeWorld } from '../../helpers/fake-world.ts';
import { anIssuingCampaign, aStock, drawnEntries, FakeIssuanceJournal } from '../../helpers/issuance-campaign.ts';
import { freshReadings } from '../../helpers/observed.ts';
import { FakeSharesStore } from '../../helpers/outside.ts';

const { signal } = new AbortController();
const { campaignId } = aCampaign().spec;
let clock: FakeClock;
let world: FakeWorld;
let freezing: FakeFreezeJournal;
let issuing: FakeIssuanceJournal;
let shares: FakeSharesStore;
let annotations: Record<string, string>;
let stocks: readonly StockReading[] | (() => readonly StockReading[]);
let reconciler: Reconciler;

const anOperator = (): Reconciler => {
  const deps = world.deps();
  const now = (): readonly StockReading[] => (typeof stocks === 'function' ? stocks() : stocks);
  return createReconciler({
    ...deps,
    freezing: freezing.access(),
    issuing: issuing.access(),
    journal: { ...deps.journal, shares },
    outside: {
      read: async () => ({ issuance: [{ pod: 'chengdu-issuance-0', startedAtMs: 0, targets: {}, stocks: now() }] }),
    },
  });
};

/** As pods do that read every stock each second. */
const right = () => [aStock('wechat', clock.now()), aStock('alipay', clock.now())];

beforeEach(() => {
  clock = new FakeClock(CLOSES_AT_MS + 3_600_000);
  world = new FakeWorld(clock);
  freezing = new FakeFreezeJournal();
  freezing.now = () => clock.now();
  const at = new Date(CLOSES_AT_MS + 20_000).toISOString();
  freezing.entries.push({ v: 1, campaignId, at, barriers: [1, 1, 1], unverified: 'unchecked' });
  freezing.listed = { v: 1, campaignId, lists: [{ voucher: 'dining-50', entries: 3, digest: 'ab' }] };
  freezing.chain.entries.push(...drawnEntries(3));
  issuing = new FakeIssuanceJournal();
  shares = new FakeSharesStore();
  annotations = {};
  stocks = right;
  reconciler = anOperator();
});

const campaignNow = (): VoucherCampaign => {
  const status = world.statuses.at(-1);
  return anIssuingCampaign(annotations, status && { status });
};
const ticks = async (seconds: number): Promise<void> => {
  for (let second = 0; second < seconds; second += 1) {
    world.readings = freshReadings(clock.now());
    await reconciler.reconcile(campaignNow(), signal);
    world.settlePods();
    await clock.advance(1_000);
  }
};
const statusNow = () => world.statuses.at(-1);
const issued = (): string | undefined => statusNow()?.conditions?.find(({ type }) => type === 'Issued')?.reason;
const events = (): readonly string[] =>
  world.events.map(({ reason }) => reason).filter((reason) => /^Issuance/.test(reason));
const shareOf = (name: string) => shares.value?.targets[name];

const start = async (): Promise<void> => {
  annotations[ISSUE_START] = 'by owner (result abababababababab)';
  await ticks(15);
  expect(issuing.appends).toBe(1);
};

describe('issuance', () => {
  it('starts once, when an owner has commanded it and the stocks were read', async () => {
    stocks = [];
    await ticks(12);
    expect([issued(), issuing.appends]).toEqual(['WaitingForAuthorization', 0]);
    annotations[ISSUE_START] = 'by owner (result abababababababab)';
    await ticks(12);
    expect([issued(), issuing.appends]).toEqual(['StocksUnknown', 0]);
    stocks = right;
    await ticks(15);
    expect(issued()).toBe('Issuing');
    expect(issuing.appends).toBe(1);
    expect(issuing.entry).toMatchObject({
      by: 'owner',
      format: 'vi1',
      queryFirst: false,
      streams: ['t0', 't1', 't2'],
      channels: [
        {
          channel: 'wechat',
          merchant: '1900000109',
          stocks: [{ voucher: 'dining-50', stock: 'stock-wechat', faceValueFen: 5_000, minimumSpendFen: 10_000 }],
        },
        { channel: 'alipay' },
      ],
    });
    expect(statusNow()?.stage).toBe('Issuing');
    expect(statusNow()?.issuance).toMatchObject({ startedBy: 'owner', startedAt: issuing.entry?.at, winners: 3 });
    expect(events()).toEqual(['IssuanceStarted']);
    // Another leader knows it, and appends nothing.
    reconciler = anOperator();
    await ticks(15);
    expect([issued(), issuing.appends, events()]).toEqual(['Issuing', 1, ['IssuanceStarted']]);
    expect(world.failures).toEqual([]);
  });

  it('does not start while a stock differs, and says both numbers', async () => {
    stocks = () => [aStock('wechat', clock.now(), { faceValueFen: 4_000 }), aStock('alipay', clock.now())];
    annotations[ISSUE_START] = 'by owner (result abababababababab)';
    await ticks(20);
    expect([issued(), issuing.appends]).toEqual(['SettingsDiffer', 0]);
    const { message } = statusNow()?.conditions?.find(({ type }) => type === 'Issued') ?? {};
    expect(message).toContain('CNY 40.00');
    expect(message).toContain('CNY 50.00');
  });

  it('does not take a stock for one of the spec that was read before the spec changed', async () => {
    stocks = [aStock('wechat', clock.now()), aStock('alipay', clock.now())];
    annotations[ISSUE_START] = 'by owner (result abababababababab)';
    await ticks(20);
    expect(issuing.appends).toBe(0);
    stocks = right;
    await ticks(10);
    expect(issuing.appends).toBe(1);
  });

  it('looks every request up first where a channel has issued vouchers of a stock, or does not tell', async () => {
    stocks = () => [aStock('wechat', clock.now(), { issued: 1 }), aStock('alipay', clock.now())];
    await start();
    expect(issuing.entry?.queryFirst).toBe(true);
  });

  it('has one start, although two operators append at once', async () => {
    annotations[ISSUE_START] = 'by owner (result abababababababab)';
    const other = anOperator();
    for (let second = 0; second < 20; second += 1) {
      world.readings = freshReadings(clock.now());
      await Promise.all([reconciler.reconcile(campaignNow(), signal), other.reconcile(campaignNow(), signal)]);
      await clock.advance(1_000);
    }
    expect(issuing.entry?.by).toBe('owner');
    expect(issued()).toBe('Issuing');
  });

  it('asks again while the journal does not answer', async () => {
    issuing.failure = new Error('no leader');
    await ticks(15);
    expect(issued()).toBe('JournalUnavailable');
    issuing.failure = undefined;
    await start();
    expect(issued()).toBe('Issuing');
  });

  it('stops a channel for a person, without a probe, and resumes it', async () => {
    await start();
    expect(shareOf('wechat')?.perSecond).not.toEqual({});
    annotations[channelStopAnnotation('wechat')] = 'by li.wei: wrong scope';
    await ticks(8);
    expect(shareOf('wechat')).toMatchObject({ perSecond: {}, stopped: { reason: 'command' } });
    expect(shareOf('alipay')?.stopped).toBeUndefined();
    expect(shareOf('alipay')?.perSecond).not.toEqual({});
    // One pod may read its stocks.
    expect(Object.values(shareOf(lookTarget('wechat'))?.perSecond ?? {})).toEqual([1]);
    expect(shareOf(lookTarget('alipay'))).toBeUndefined();
    expect(issued()).toBe('ChannelStopped');
    expect(statusNow()?.issuance?.channels?.[0]).toMatchObject({
      state: 'Stopped',
      stoppedBy: 'li.wei',
      reason: 'wrong scope',
      since: expect.any(String),
    });
    delete annotations[channelStopAnnotation('wechat')];
    await ticks(12);
    expect(shareOf('wechat')?.stopped).toBeUndefined();
    expect(shareOf('wechat')?.perSecond).not.toEqual({});
    expect([issued(), events()]).toEqual(['Issuing', ['IssuanceStarted', 'IssuanceStopped', 'IssuanceResumed']]);
  });

  it('stops a channel whose stock differs, also after a change of leader, until a newer reading agrees', async () => {
    await start();
    stocks = () => [aStock('wechat', clock.now()), aStock('alipay', clock.now(), { minimumSpendFen: 0 })];
    await ticks(8);
    expect(shareOf('alipay')).toMatchObject({ perSecond: {}, stopped: { reason: 'SettingsDiffer' } });
    expect(shareOf('wechat')?.stopped).toBeUndefined();
    expect(issued()).toBe('SettingsDiffer');
    stocks = [];
    reconciler = anOperator();
    await ticks(20);
    expect([shareOf('alipay')?.perSecond, issued()]).toEqual([{}, 'SettingsDiffer']);
    stocks = right;
    await ticks(12);
    expect(shareOf('alipay')?.stopped).toBeUndefined();
    expect(shareOf('alipay')?.perSecond).not.toEqual({});
    expect(issued()).toBe('Issuing');
    expect(events()).toEqual(['IssuanceStarted', 'IssuanceSettingsDiffer', 'IssuanceResumed']);
  });
});
