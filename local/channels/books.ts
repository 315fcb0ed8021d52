/**
 * The books of the local channels, which count: one file a channel, in which a line is appended before an answer is sent. They hold
 * accounts of synthetic citizens, and are deleted with the run.
 *
 * | line                                                  | meaning                                             |
 * |-------------------------------------------------------|-----------------------------------------------------|
 * | {"identity","request","account","stock","coupon","ms"} | a voucher was issued                                |
 * | {"used": coupon, "ms"}                                | it was redeemed                                      |
 *
 * `identity` is what the channel takes for one transaction, so it differs between issued vouchers: the request number alone (WeChat), with
 * the template (Alipay), with the date (UnionPay). Two vouchers of one request number are a double all the same.
 *
 * A line survives the death of the process that wrote it, but is not flushed to the disk.
 */
import {
  closeSync,
  createReadStream,
  existsSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import { CHANNELS, type Channel } from '../../contract/envelope.ts';
import { parseUntrusted } from '../../contract/untrusted.ts';

const issuedLine = z.strictObject({
  identity: z.string(),
  request: z.string(),
  account: z.string(),
  stock: z.string(),
  coupon: z.string(),
  ms: z.number(),
});
const usedLine = z.strictObject({ used: z.string(), ms: z.number() });
const line = z.union([issuedLine, usedLine]);

export type Issued = Readonly<z.infer<typeof issuedLine>>;
export type BookLine = Issued | Readonly<z.infer<typeof usedLine>>;

const fileOf = (dir: string, channel: Channel): string => join(dir, `${channel}.jsonl`);

export interface BookWriter {
  append(line: BookLine): void;
  close(): void;
}

/** Longer than any line. */
const TAIL_BYTES = 4_096;

/** Half of a line, which a killed server left, is taken away: no answer was sent for it. */
const cutHalfLine = (file: number): void => {
  const { size } = fstatSync(file);
  const start = Math.max(0, size - TAIL_BYTES);
  const tail = Buffer.alloc(size - start);
  readSync(file, tail, 0, tail.length, start);
  ftruncateSync(file, start + tail.lastIndexOf('\n') + 1);
};

export const openBooks = (dir: string, channel: Channel): BookWriter => {
  const file = openSync(fileOf(dir, channel), 'a+', 0o600);
  cutHalfLine(file);
  return {
    append: (entry) => void writeSync(file, `${JSON.stringify(entry)}\n`),
    close: () => closeSync(file),
  };
};

/** Nothing where the channel has no books yet. @throws Error for a line that can't be read, except the last one of a killed server */
export async function* bookLines(dir: string, channel: Channel): AsyncGenerator<BookLine> {
  const file = fileOf(dir, channel);
  if (!existsSync(file)) return;
  let unread: string | undefined;
  for await (const text of createInterface({ input: createReadStream(file), crlfDelay: Number.POSITIVE_INFINITY })) {
    if (unread !== undefined) throw new Error(`${file} has a line that can't be read: ${unread.slice(0, 40)}`);
    const read = parseUntrusted(line, text);
    if (read === undefined) unread = text;
    else yield read;
  }
}

export interface Double {
  readonly account: string;
  readonly stock: string;
  /** In the order in which the vouchers were issued. */
  readonly requests: readonly string[];
}

export interface ChannelBooks {
  readonly issued: number;
  readonly byStock: Readonly<Record<string, number>>;
  readonly used: number;
  /** Accounts with more than one voucher of a stock. */
  readonly doubles: readonly Double[];
  /** Request numbers by which more than one voucher was issued. */
  readonly doubleRequests: readonly string[];
}
export type Books = Readonly<Record<Channel, ChannelBooks>>;

/** First a set of what was seen, because doubles are few: only theirs are kept as lists. */
const readChannel = async (dir: string, channel: Channel): Promise<ChannelBooks> => {
  const byStock = new Map<string, number>();
  const [holders, requests] = [new Set<string>(), new Set<string>()];
  const [doubled, doubleRequests] = [new Set<string>(), new Set<string>()];
  const used = new Set<string>();
  const keyOf = ({ stock, account }: Issued): string => `${stock}\n${account}`;
  let issued = 0;
  for await (const entry of bookLines(dir, channel)) {
    if ('used' in entry) {
      used.add(entry.used);
      continue;
    }
    issued += 1;
    byStock.set(entry.stock, (byStock.get(entry.stock) ?? 0) + 1);
    const key = keyOf(entry);
    if (holders.has(key)) doubled.add(key);
    if (requests.has(entry.request)) doubleRequests.add(entry.request);
    holders.add(key);
    requests.add(entry.request);
  }
  const doubles = new Map<string, { account: string; stock: string; requests: string[] }>();
  if (doubled.size > 0)
    for await (const entry of bookLines(dir, channel)) {
      if ('used' in entry || !doubled.has(keyOf(entry))) continue;
      const { account, stock, request } = entry;
      const found = doubles.get(keyOf(entry)) ?? { account, stock, requests: [] };
      found.requests.push(request);
      doubles.set(keyOf(entry), found);
    }
  return {
    issued,
    byStock: Object.fromEntries(byStock),
    used: used.size,
    doubles: [...doubles.values()],
    doubleRequests: [...doubleRequests],
  };
};

export const readBooks = async (dir: string): Promise<Books> => {
  const [wechat, alipay, unionpay] = await Promise.all(CHANNELS.map((channel) => readChannel(dir, channel)));
  if (wechat === undefined || alipay === undefined || unionpay === undefined) throw new Error('a channel is missing');
  return { wechat, alipay, unionpay };
};

/** A voucher that an account should have. */
export interface Expected {
  readonly channel: Channel;
  readonly account: string;
  readonly stock: string;
}

export interface BookGaps {
  /** Expected, but not in the books. */
  readonly missing: readonly Expected[];
  /** In the books, but not expected: of another account, or another stock. */
  readonly unexpected: readonly Expected[];
}

export const compareBooks = async (dir: string, expected: Iterable<Expected>): Promise<BookGaps> => {
  const keyOf = ({ channel, account, stock }: Expected): string => `${channel}\n${stock}\n${account}`;
  const open = new Map<string, Expected>();
  for (const one of expected) open.set(keyOf(one), one);
  const found = new Set<string>();
  const unexpected: Expected[] = [];
  for (const channel of CHANNELS)
    for await (const entry of bookLines(dir, channel)) {
      if ('used' in entry) continue;
      const { account, stock } = entry;
      const key = keyOf({ channel, account, stock });
      if (open.delete(key)) found.add(key);
      else if (!found.has(key)) unexpected.push({ channel, account, stock });
    }
  return { missing: [...open.values()], unexpected };
};
