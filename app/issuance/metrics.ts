/** Metrics of the issuance tier. None has a label with anything of a person. */
import type { Registry } from 'prom-client';
import { CHANNELS, type Channel } from '../../contract/envelope.ts';
import { metric } from '../../contract/metrics/metrics.ts';
import { ISSUANCE_METRICS, STOCK_FIELDS, type StockField } from '../../contract/outside/issuance.ts';
import { counter, sampledGauge } from '../../runtime/metrics.ts';
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
  const begun = counter(registry, metric('voucher_issuance_begun_total'));
  const requests = counter(registry, metric('voucher_issuance_requests_total'));
  const outcomes = counter(registry, metric('voucher_issuance_outcomes_total'));
  const skipped = counter(registry, metric('voucher_issuance_skipped_total'));
  const givenBack = counter(registry, metric('voucher_issuance_given_back_total'));
  const callbacks = counter(registry, metric('voucher_issuance_callbacks_total'));
  const redeemed = counter(registry, metric('voucher_issuance_redeemed_total'));
  const unnoted = counter(registry, metric('voucher_issuance_unnoted_total'));
  const held = new Map(CHANNELS.map((channel) => [channel, new Set<{ readonly storedAtMs: number }>()]));
  sampledGauge(registry, metric('voucher_issuance_oldest_seconds'), () =>
    [...held].map(([channel, inHand]) => {
      const oldest = [...inHand].reduce((least, one) => Math.min(least, one.storedAtMs), now());
      return [{ channel }, (now() - oldest) / 1_000] as const;
    }),
  );

  type Stock = readonly [labels: { readonly channel: Channel; readonly voucher: string }, value: number];
  const none = (): Map<string, Stock> => new Map();
  const stocks: Readonly<Record<StockField, Map<string, Stock>>> = {
    face_value_fen: none(),
    minimum_spend_fen: none(),
    total: none(),
    issued: none(),
    running: none(),
  };
  const readAt = new Map<Channel, number>();
  for (const field of STOCK_FIELDS) {
    sampledGauge(registry, metric(ISSUANCE_METRICS.stock[field]), () => stocks[field].values());
  }
  sampledGauge(registry, metric(ISSUANCE_METRICS.stockReadAt), () =>
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
        const ofField = stocks[field];
        const key = JSON.stringify([channel, voucher]);
        if (value === undefined) ofField.delete(key);
        else ofField.set(key, [{ channel, voucher }, value]);
      },
      readAt: (channel) => void readAt.set(channel, now()),
    },
  };
};
