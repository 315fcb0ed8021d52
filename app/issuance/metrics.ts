/** Metrics of the issuance tier. None has a label with anything of a person. */
import { Counter, type Registry } from 'prom-client';
import { CHANNELS, type Channel } from '../../contract/envelope.ts';
import { ISSUANCE_METRICS, type StockField } from '../../contract/outside/issuance.ts';
import { sampledGauge } from '../sampled-gauge.ts';
import type { CallbackMetrics } from './callbacks.ts';
import type { ChannelMetrics } from './channel-part.ts';
import type { RouterMetrics } from './router-part.ts';
import type { StockMetrics } from './stocks.ts';

export interface IssuanceMetrics {
  readonly router: RouterMetrics;
  of(channel: Channel): ChannelMetrics;
  readonly callbacks: CallbackMetrics;
  readonly stocks: StockMetrics;
}

export const createIssuanceMetrics = (registry: Registry, now: () => number): IssuanceMetrics => {
  const counter = (name: string, help: string, labelNames: readonly string[]) =>
    new Counter({ name: `voucher_issuance_${name}_total`, help, labelNames: [...labelNames], registers: [registry] });
  const begun = counter('begun', 'Requests that were begun: issuing facts that the journal has acknowledged.', [
    'channel',
  ]);
  const requests = counter('requests', 'Requests to channels, by call and result.', ['channel', 'call', 'result']);
  const outcomes = counter('outcomes', 'Final outcomes that the journal has acknowledged.', ['channel', 'outcome']);
  const skipped = counter(
    'skipped',
    'Messages that needed no request, by stage. route with unbound: winners without an account at their channel, as often as they were seen.',
    ['stage', 'reason'],
  );
  const givenBack = counter('given_back', 'Messages that could not be decided now; the journal delivers them again.', [
    'stage',
    'reason',
  ]);
  const callbacks = counter(
    'callbacks',
    'Callbacks of channels, by result. forged: without the channel’s signature, so nothing of it was believed. unknown: no voucher of ours has that number yet; the channel repeats it.',
    ['channel', 'result'],
  );
  const redeemed = counter(
    'redeemed',
    'Vouchers whose use this pod recorded. Exact numbers are in voucher_records_facts: two pods may record the same use together.',
    ['channel', 'voucher'],
  );
  const unnoted = counter(
    'unnoted',
    'Issued vouchers whose use will not be recorded. taken: the channel gave another receipt the same number. full: the bucket of claims has no room.',
    ['channel', 'reason'],
  );
  const held = new Map(CHANNELS.map((channel) => [channel, new Set<{ readonly storedAtMs: number }>()]));
  const help = 'Age in seconds of the oldest request that this pod has in hand; 0 when there is none.';
  sampledGauge(registry, { name: 'voucher_issuance_oldest_seconds', help, labels: ['channel'] }, () =>
    [...held].map(([channel, inHand]) => {
      const oldest = [...inHand].reduce((least, one) => Math.min(least, one.storedAtMs), now());
      return [{ channel }, (now() - oldest) / 1_000] as const;
    }),
  );

  const stocks = new Map<string, readonly [Readonly<Record<string, string>>, number]>();
  const readAt = new Map<Channel, number>();
  const stockHelp = 'Numbers of a stock as its channel says; absent until they are read. Amounts are in fen.';
  sampledGauge(
    registry,
    { name: ISSUANCE_METRICS.stock, help: stockHelp, labels: ['channel', 'voucher', 'field'] },
    () => stocks.values(),
  );
  const readAtHelp = 'When this pod last read all stocks of a channel, in Unix seconds.';
  sampledGauge(registry, { name: ISSUANCE_METRICS.stockReadAt, help: readAtHelp, labels: ['channel'] }, () =>
    [...readAt].map(([channel, atMs]) => [{ channel }, atMs / 1_000] as const),
  );

  return {
    router: {
      begun: (channel) => begun.inc({ channel }),
      skipped: (reason) => skipped.inc({ stage: 'route', reason }),
      givenBack: (reason) => givenBack.inc({ stage: 'route', reason }),
    },
    of: (channel) => ({
      asked: (call, result) => requests.inc({ channel, call, result }),
      outcome: (outcome) => outcomes.inc({ channel, outcome }),
      skipped: (reason) => skipped.inc({ stage: channel, reason }),
      givenBack: (reason) => givenBack.inc({ stage: channel, reason }),
      holds(storedAtMs) {
        const one = { storedAtMs };
        held.get(channel)?.add(one);
        return () => void held.get(channel)?.delete(one);
      },
      unnoted: (reason) => unnoted.inc({ channel, reason }),
    }),
    callbacks: {
      callback: (channel, result) => callbacks.inc({ channel, result }),
      redeemed: (channel, voucher) => redeemed.inc({ channel, voucher }),
    },
    stocks: {
      stock(channel: Channel, voucher: string, field: StockField, value: number | undefined) {
        const key = JSON.stringify([channel, voucher, field]);
        if (value === undefined) stocks.delete(key);
        else stocks.set(key, [{ channel, voucher, field }, value]);
      },
      readAt: (channel) => void readAt.set(channel, now()),
    },
  };
};
