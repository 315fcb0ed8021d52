/**
 * Reads the facts of all winners twice, asks the channels for requests, and reports what differs.
 *
 * 1. The channels' numbers of issued vouchers: what they count now was requested before, so the journal has the request.
 * 2. First reading: the ledger. 3. Second reading: each fact is judged, and the requests of the sample are asked for.
 * 4. The numbers again: what the journal counted as issued in the first reading is in them.
 */
import type { Channel, EventEnvelope, EventType } from '../../contract/envelope.ts';
import {
  type AskedRequests,
  type Mismatch,
  type MismatchKind,
  MOST_MISMATCHES,
  type ReconcileReport,
} from '../../contract/outside/reconcile.ts';
import { atMost } from '../../runtime/at-most.ts';
import { eventsUpTo } from '../records/events-up-to.ts';
import { type Asker, createAsker } from './ask.ts';
import { createLedger, HAS, highestOf, isChannel, type Ledger } from './ledger.ts';
import type { BooksDeps } from './ports.ts';
import { sampleOf } from './sample.ts';

const IN_FLIGHT = 64;
const NOT_ASKED = { questions: 0, agree: 0, open: 0, unanswered: 0 };

type StockCounts = Pick<ReconcileReport['stocks'][number], 'issued' | 'open' | 'redeemed' | 'expired'> & {
  failures: Record<string, number>;
};

/** By channel and voucher. */
const createStockCounts = () => {
  const all = new Map<string, StockCounts>();
  const of = (channel: Channel, voucher: string): StockCounts => {
    const key = `${channel} ${voucher}`;
    const known = all.get(key) ?? { issued: 0, open: 0, redeemed: 0, expired: 0, failures: {} };
    all.set(key, known);
    return known;
  };
  return { all, of };
};

const OF_STOCK: readonly EventType[] = ['issuing', 'issue_failed', 'issued', 'redeemed', 'expired'];
const isOfStock = (type: EventType): boolean => OF_STOCK.includes(type);

const vouchersOf = (ledger: Ledger): ReconcileReport['vouchers'] => {
  const found = new Map<string, ReconcileReport['vouchers'][number]>();
  for (const { voucher, flags, asked, failed } of ledger.receipts()) {
    if ((flags & (HAS.won | HAS.promoted)) === 0) continue;
    // Another one has the place, and is counted for it.
    if ((flags & HAS.lost) !== 0 && (flags & HAS.issued) === 0) continue;
    const of = found.get(voucher) ?? {
      voucher,
      winners: 0,
      unbound: 0,
      waiting: 0,
      open: 0,
      issued: 0,
      failed: 0,
      erased: 0,
    };
    found.set(voucher, of);
    of.winners += 1;
    if ((flags & HAS.issued) !== 0) of.issued += 1;
    else if ((flags & HAS.erased) !== 0) of.erased += 1;
    else if (asked === 0) of[(flags & HAS.bound) === 0 ? 'unbound' : 'waiting'] += 1;
    else if (highestOf(failed) === highestOf(asked)) of.failed += 1;
    else of.open += 1;
  }
  return [...found.values()].toSorted((a, b) => (a.voucher < b.voucher ? -1 : 1));
};

/**
 * | the channel's number                            | result  |
 * |-------------------------------------------------|---------|
 * | before, above what is issued and open here      | differs |
 * | after, below what is issued here                | differs |
 * | neither is known                                | unknown |
 * | otherwise                                       | agrees  |
 */
export const stockResult = ({
  issued,
  open,
  before,
  after,
}: {
  readonly issued: number;
  readonly open: number;
  readonly before: number | undefined;
  readonly after: number | undefined;
}): ReconcileReport['stocks'][number]['result'] => {
  if ((before !== undefined && before > issued + open) || (after !== undefined && after < issued)) return 'differs';
  return before === undefined && after === undefined ? 'unknown' : 'agrees';
};

const numbersOf = async (
  askers: readonly Asker[],
  deps: BooksDeps,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, number | undefined>> => {
  const found = deps.channels.flatMap(({ channel, stocks }, index) =>
    [...stocks.keys()].map(
      async (voucher) => [`${channel} ${voucher}`, await askers[index]?.issued(voucher, signal)] as const,
    ),
  );
  return new Map(await Promise.all(found));
};

export const runBooks = async (
  deps: BooksDeps,
  requests: AskedRequests,
  signal: AbortSignal,
): Promise<ReconcileReport> => {
  const { campaignId, shards, journal, channels, unreached = [], now, random, note } = deps;
  const from = new Date(now()).toISOString();
  const isAsking = requests !== 0;
  const askers = isAsking ? channels.map((channel) => createAsker(channel, deps)) : [];
  const before = await numbersOf(askers, deps, signal);
  const upTo = await Promise.all(Array.from({ length: shards }, (_, shard) => journal.lastSequence(shard, signal)));
  const ledger = createLedger(upTo.reduce((sum, last) => sum + last, 0));
  const stocks = createStockCounts();
  for await (const event of eventsUpTo(deps, upTo, signal)) ledger.add(event);
  note('the journal is read', { requests: ledger.requestCount() });

  const mismatches: Mismatch[] = [];
  const counts: Partial<Record<MismatchKind, number>> = {};
  const reported = new Set<string>();
  const report = (kind: MismatchKind, { receipt, data }: EventEnvelope): void => {
    const request = typeof data['request'] === 'string' ? data['request'] : receipt;
    const key = `${kind} ${request}`;
    // Copies of a fact are one. Beyond the list a copy may be counted again.
    if (reported.has(key)) return;
    counts[kind] = (counts[kind] ?? 0) + 1;
    if (mismatches.length === MOST_MISMATCHES) return;
    reported.add(key);
    const channel = isChannel(data['channel']) ? data['channel'] : '';
    mismatches.push({ kind, channel, voucher: String(data['voucher'] ?? ''), request });
  };

  const selected = sampleOf(ledger.requestCount(), requests, random);
  const gate = atMost(IN_FLIGHT);
  const underWay = new Set<Promise<void>>();
  const ending = new AbortController();
  const either = AbortSignal.any([signal, ending.signal]);
  const ask = (asker: Asker, event: EventEnvelope): void => {
    const asking: Promise<void> = gate(() => asker.ask(event, ledger.expected(event), either))
      .then((kind) => {
        if (kind !== undefined) report(kind, event);
      })
      .catch((error: unknown) => ending.abort(error))
      .finally(() => underWay.delete(asking));
    underWay.add(asking);
  };
  const first = ledger.firstTime();
  try {
    for await (const event of eventsUpTo(deps, upTo, either)) {
      for (const kind of ledger.judge(event)) report(kind, event);
      const { type, data } = event;
      const { channel } = data;
      if (!isChannel(channel) || event.kind !== 'citizen' || !isOfStock(type) || !first(event)) continue;
      const voucher = String(data['voucher'] ?? '');
      const of = stocks.of(channel, voucher);
      if (type === 'issued') of.issued += 1;
      else if (type === 'redeemed') of.redeemed += 1;
      else if (type === 'expired') of.expired += 1;
      else if (type === 'issue_failed') {
        const failure = String(data['failure'] ?? '');
        of.failures[failure] = (of.failures[failure] ?? 0) + 1;
      } else if (type === 'issuing') {
        if (ledger.expected(event).kind === 'open') of.open += 1;
        const index = ledger.requestIndex(String(data['request']));
        const asker = askers.find((one) => one.channel === channel);
        if (asker === undefined || index === undefined || !selected.has(index) || ledger.isErased(event)) continue;
        while (underWay.size >= IN_FLIGHT) await Promise.race(underWay);
        ask(asker, event);
      }
    }
    await Promise.all(underWay);
    either.throwIfAborted();
  } catch (error) {
    ending.abort(error);
    await Promise.allSettled(underWay);
    throw ending.signal.reason ?? error;
  }
  const after = await numbersOf(askers, deps, signal);
  return {
    v: 1,
    campaignId,
    from,
    to: new Date(now()).toISOString(),
    requests,
    vouchers: vouchersOf(ledger),
    stocks: [...new Set([...stocks.all.keys(), ...before.keys()])].toSorted().map((key) => {
      const [channel, voucher = ''] = key.split(' ');
      if (!isChannel(channel)) throw new Error(`there is no channel ${channel}`);
      const own = stocks.of(channel, voucher);
      const [theirsBefore, theirsAfter] = [before.get(key), after.get(key)];
      return {
        channel,
        voucher,
        ...own,
        ...(theirsBefore === undefined ? {} : { theirsBefore }),
        ...(theirsAfter === undefined ? {} : { theirsAfter }),
        result: stockResult({ ...own, before: theirsBefore, after: theirsAfter }),
      };
    }),
    asked: [
      ...askers.map((asker) => ({ channel: asker.channel, ...asker.counts() })),
      ...(isAsking ? unreached : []).map(({ channel, why }) => ({ channel, ...NOT_ASKED, endedBy: why })),
    ],
    mismatches: mismatches.toSorted((a, b) => (a.request < b.request ? -1 : 1)),
    counts,
  };
};
