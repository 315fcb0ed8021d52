/** Counts of winners' facts on the page of a records pod, and numbers of stocks on that of an issuance pod. */
import { METRICS } from '../../contract/app-contract.ts';
import { CHANNELS, type Channel } from '../../contract/envelope.ts';
import { BOOK_FACTS, type FactsReport, type FactTotal, type StockReading } from '../../contract/outside/books.ts';
import { ISSUANCE_METRICS, STOCK_FIELDS, type StockField } from '../../contract/outside/issuance.ts';
import type { MetricSample } from './metrics-text.ts';

type Families = ReadonlyMap<string, readonly MetricSample[]>;

export const FACT_METRICS: readonly string[] = [METRICS.recordsFacts, METRICS.recordsFactsAt];
export const STOCK_METRICS: readonly string[] = [
  ISSUANCE_METRICS.stockReadAt,
  ...Object.values(ISSUANCE_METRICS.stock),
];

const isCount = (value: number): boolean => Number.isSafeInteger(value) && value >= 0;
const isChannel = (word: string | undefined): word is Channel => CHANNELS.some((one) => one === word);

const totalOf = ({ labels, value }: MetricSample): readonly FactTotal[] => {
  const { fact: word, voucher = '', channel = '' } = labels;
  const fact = BOOK_FACTS.find((one) => one === word);
  if (fact === undefined || !isCount(value) || (channel !== '' && !isChannel(channel))) return [];
  return [{ fact, voucher, channel, receipts: value }];
};

/** Undefined: the pod has not counted, or the database does not answer it. That is not a zero. */
export const factsOf = (families: Families): FactsReport | undefined => {
  const at = families.get(METRICS.recordsFactsAt)?.[0]?.value;
  if (at === undefined || !Number.isFinite(at) || at <= 0) return undefined;
  return { atMs: Math.round(at * 1000), totals: (families.get(METRICS.recordsFacts) ?? []).flatMap(totalOf) };
};

const MEMBERS: Readonly<Record<StockField, (value: number) => Partial<StockReading>>> = {
  face_value_fen: (faceValueFen) => ({ faceValueFen }),
  minimum_spend_fen: (minimumSpendFen) => ({ minimumSpendFen }),
  total: (total) => ({ total }),
  issued: (issued) => ({ issued }),
  running: (running) => ({ isRunning: running > 0 }),
};

/** Stocks of channels whose reading has a time. */
export const stocksOf = (families: Families): readonly StockReading[] => {
  const readAt = new Map(
    (families.get(ISSUANCE_METRICS.stockReadAt) ?? []).map(({ labels, value }) => [labels['channel'], value]),
  );
  const found = new Map<string, StockReading>();
  for (const field of STOCK_FIELDS) {
    for (const { labels, value } of families.get(ISSUANCE_METRICS.stock[field]) ?? []) {
      const { channel, voucher = '' } = labels;
      const at = readAt.get(channel);
      if (!isChannel(channel) || at === undefined || !Number.isFinite(at) || !isCount(value)) continue;
      const key = `${channel} ${voucher}`;
      const known = found.get(key) ?? { channel, voucher, atMs: Math.round(at * 1000) };
      found.set(key, { ...known, ...MEMBERS[field](value) });
    }
  }
  return [...found.values()];
};
