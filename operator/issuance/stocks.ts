/** Compares what the channels report of their stocks with spec.vouchers. Pure. */

import type { Drawn } from '../../contract/decisions/draw.ts';
import type { Channel } from '../../contract/envelope.ts';
import type { StockReading } from '../../contract/outside/books.ts';
import type { VoucherCampaignSpec } from '../../contract/types/campaign.ts';

/** Pods read each stock every 30 s. Older numbers may have changed. */
const FRESH_MS = 120_000;
/** A pod whose clock is further ahead would show old numbers as new. */
const AHEAD_MS = 10_000;

/** The newest reading of a stock that is not older than two minutes. */
const freshReading = (
  readings: readonly StockReading[],
  channel: Channel,
  voucher: string,
  nowMs: number,
): StockReading | undefined =>
  readings
    .filter((one) => one.channel === channel && one.voucher === voucher)
    .filter(({ atMs }) => nowMs - atMs <= FRESH_MS && nowMs - atMs >= -AHEAD_MS)
    .toSorted((a, b) => b.atMs - a.atMs)[0];

export interface Difference {
  readonly channel: Channel;
  /** Both numbers, for people. */
  readonly text: string;
}

export interface Comparison {
  readonly differences: readonly Difference[];
  /** Channels of which a stock is not known now. */
  readonly unknown: readonly Channel[];
  /** `unionpay: the face value of dining-50`: the channel does not report it, so it was not compared. */
  readonly untold: readonly string[];
  /** A channel has issued vouchers of one of the stocks, or does not report whether it has. */
  readonly hasIssued: boolean;
  /** When the oldest of the readings was made, by its pod's clock. Undefined: a stock is unknown. */
  readonly readAtMs: number | undefined;
}

const yuan = (fen: number): string => `CNY ${(fen / 100).toFixed(2)}`;
const count = (number: number): string => number.toLocaleString('en-US');

type Voucher = VoucherCampaignSpec['vouchers'][number];
type Result = Pick<Drawn, 'vouchers'> | undefined;

interface Compared {
  readonly name: string;
  /** Undefined: the channel does not report it. */
  readonly theirs: number | boolean | undefined;
  readonly differs: boolean;
  readonly says: string;
}

/**
 * | number           | must be                      | compared                |
 * |------------------|------------------------------|-------------------------|
 * | face value       | faceValueFen                 | always                  |
 * | minimum purchase | minimumSpendFen              | always                  |
 * | vouchers         | at least the voucher's winners: all of them could choose this channel | once there is a result |
 * | state            | the stock issues vouchers    | once there is a result  |
 */
const comparedOf = (
  { name: voucher, faceValueFen, minimumSpendFen }: Voucher,
  reading: StockReading,
  result: Result,
): readonly Compared[] => {
  const amount = (name: string, ours: number, theirs: number | undefined): Compared => ({
    name,
    theirs,
    differs: theirs !== ours,
    says: `has the ${name} ${yuan(theirs ?? 0)}, but spec.vouchers states ${yuan(ours)}`,
  });
  const winners = result?.vouchers.find((one) => one.voucher === voucher)?.winners;
  const { total, isRunning } = reading;
  const amounts = [
    amount('face value', faceValueFen, reading.faceValueFen),
    amount('minimum purchase', minimumSpendFen, reading.minimumSpendFen),
  ];
  if (winners === undefined) return amounts;
  return [
    ...amounts,
    {
      name: 'number of vouchers',
      theirs: total,
      differs: (total ?? 0) < winners,
      says: `has ${count(total ?? 0)} vouchers in total, but there are ${count(winners)} winners`,
    },
    {
      name: 'state',
      theirs: isRunning,
      differs: isRunning !== true,
      says: 'issues no vouchers now: it is not started, is paused, or has ended',
    },
  ];
};

/** @param result of the draw; undefined: there is none yet */
export const compareStocks = (
  { issuance, vouchers }: Pick<VoucherCampaignSpec, 'issuance' | 'vouchers'>,
  result: Result,
  readings: readonly StockReading[],
  nowMs: number,
): Comparison => {
  const differences: Difference[] = [];
  const unknown = new Set<Channel>();
  const untold: string[] = [];
  const found: StockReading[] = [];
  for (const { name: channel, stocks } of issuance?.channels ?? []) {
    for (const { voucher: name, stock } of stocks) {
      const voucher = vouchers.find((one) => one.name === name);
      const reading = freshReading(readings, channel, name, nowMs);
      if (reading === undefined) unknown.add(channel);
      if (voucher === undefined || reading === undefined) continue;
      found.push(reading);
      for (const { name: what, theirs, differs, says } of comparedOf(voucher, reading, result)) {
        if (theirs === undefined) untold.push(`${channel}: the ${what} of ${name}`);
        else if (differs) differences.push({ channel, text: `${channel}: the stock ${stock} of ${name} ${says}.` });
      }
    }
  }
  return {
    differences,
    unknown: [...unknown],
    untold,
    hasIssued: found.some(({ issued }) => issued !== 0),
    readAtMs: unknown.size > 0 || found.length === 0 ? undefined : Math.min(...found.map(({ atMs }) => atMs)),
  };
};
