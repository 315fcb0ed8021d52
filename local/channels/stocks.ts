/** Stocks of vouchers at a local channel: what may be given out, and what it is worth. They change at run time. */
import { z } from 'zod';

/** `notStarted` and `paused` may run later; `stopped` and `ended` do not. */
export const STOCK_STATES = ['running', 'notStarted', 'paused', 'stopped', 'ended'] as const;
export type StockState = (typeof STOCK_STATES)[number];

const fields = {
  faceValueFen: z.number().int().min(1),
  minimumSpendFen: z.number().int().min(0),
  /** Vouchers that it may give. */
  total: z.number().int().min(0),
  /** Vouchers for one account. */
  perAccount: z.number().int().min(1),
  state: z.enum(STOCK_STATES),
};
/** stock_id, template_id or couponId. */
const stock = z.string().min(1).max(64);

export const stockSchema = z.strictObject({
  stock,
  ...fields,
  // An account may have several, so that a double is a double in the books, and not a refusal.
  perAccount: fields.perAccount.default(100),
  state: fields.state.default('running'),
});
export type Stock = z.output<typeof stockSchema>;

/** What POST /_stocks changes: the stated fields. */
export const stockChange = z.strictObject({ stock, ...z.strictObject(fields).partial().shape });
export type StockChange = z.infer<typeof stockChange>;

export interface Stocks {
  find(stock: string): Stock | undefined;
  /** @returns whether there is such a stock */
  change(change: StockChange): boolean;
}

export const createStocks = (initial: readonly Stock[]): Stocks => {
  const stocks = new Map(initial.map((stock) => [stock.stock, stock]));
  return {
    find: (stock) => stocks.get(stock),
    change({ stock, ...values }) {
      const found = stocks.get(stock);
      if (found === undefined) return false;
      const stated = Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
      stocks.set(stock, { ...found, ...stated });
      return true;
    },
  };
};
