/** The books of the local channels: what they find. Each zero that they may say has a run here in which it is not zero. */
import { appendFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Channel } from '../../../contract/envelope.ts';
import { compareBooks, openBooks, readBooks } from '../../../local/channels/books.ts';
import { accountOf, standingOf } from '../../../local/channels/truth.ts';
import { fullSeconds } from '../../../local/providers/stalls.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'books-'));
});
afterEach(() => rm(dir, { recursive: true }));

const write = (
  channel: Channel,
  vouchers: readonly { account: string; request: string; identity?: string }[],
): void => {
  const books = openBooks(dir, channel);
  for (const [index, { account, request, identity = request }] of vouchers.entries())
    books.append({ identity, request, account, stock: 's', coupon: `c${index}`, ms: index });
  books.close();
};
const EMPTY = { issued: 0, byStock: {}, used: 0, doubles: [], doubleRequests: [] };

describe('books', () => {
  it('count by channel and stock', async () => {
    write('wechat', [
      { account: 'a', request: 'R1' },
      { account: 'b', request: 'R2' },
    ]);
    const books = openBooks(dir, 'wechat');
    books.append({ used: 'c0', ms: 9 });
    books.append({ used: 'c0', ms: 9 });
    books.close();
    const wechat = { ...EMPTY, issued: 2, byStock: { s: 2 }, used: 1 };
    expect(await readBooks(dir)).toEqual({ wechat, alipay: EMPTY, unionpay: EMPTY });
  });

  it('find an account with two vouchers, and by which requests', async () => {
    write('alipay', [
      { account: 'a', request: 'R1' },
      { account: 'b', request: 'R2' },
      { account: 'a', request: 'R3' },
    ]);
    expect((await readBooks(dir)).alipay.doubles).toEqual([{ account: 'a', stock: 's', requests: ['R1', 'R3'] }]);
  });

  it('find a request number by which two vouchers were issued', async () => {
    write('unionpay', [
      { account: 'a', request: 'R1', identity: '20201224/R1' },
      { account: 'b', request: 'R1', identity: '20201225/R1' },
    ]);
    expect((await readBooks(dir)).unionpay).toMatchObject({ doubles: [], doubleRequests: ['R1'] });
  });

  it('find a voucher that is missing, and one that is not expected', async () => {
    const expected = ['a', 'b'].map((account) => ({ channel: 'wechat' as const, account, stock: 's' }));
    write('wechat', [
      { account: 'a', request: 'R1' },
      { account: 'b', request: 'R2' },
      { account: 'b', request: 'R3' },
    ]);
    expect(await compareBooks(dir, expected)).toEqual({ missing: [], unexpected: [] });
    const [of] = await Promise.all([compareBooks(dir, [...expected, { channel: 'alipay', account: 'a', stock: 's' }])]);
    expect(of).toEqual({ missing: [{ channel: 'alipay', account: 'a', stock: 's' }], unexpected: [] });
    expect(await compareBooks(dir, expected.slice(1))).toEqual({ missing: [], unexpected: expected.slice(0, 1) });
  });

  it('accept half of a last line, which a killed server leaves, and no other', async () => {
    write('wechat', [{ account: 'a', request: 'R1' }]);
    await appendFile(join(dir, 'wechat.jsonl'), '{"identity":"R2","requ');
    expect((await readBooks(dir)).wechat.issued).toBe(1);
    write('wechat', [{ account: 'b', request: 'R2' }]);
    expect((await readBooks(dir)).wechat).toMatchObject({ issued: 2, doubles: [] });
    await appendFile(join(dir, 'wechat.jsonl'), '{"ident\n{"used":"c0","ms":1}\n');
    await expect(readBooks(dir)).rejects.toThrow("wechat.jsonl has a line that can't be read");
  });
});

describe('a second above the limit', () => {
  it('is found, with the stall that explains it, or with none', () => {
    const perSecond = [
      { second: 100, requests: 500, throttled: 0 },
      { second: 101, requests: 501, throttled: 1 },
      { second: 105, requests: 520, throttled: 20 },
    ];
    const stall = { of: 'pod', atMs: 100_900, ms: 80 };
    expect(fullSeconds(perSecond, 500, [stall])).toEqual([
      { second: 101, requests: 501, stalls: [stall] },
      { second: 105, requests: 520, stalls: [] },
    ]);
  });
});

describe('accounts of the local channels', () => {
  it('differ between citizens, have the form of their channel, and a standing by rule', () => {
    for (const channel of ['wechat', 'alipay', 'unionpay'] as const) {
      const all = Array.from({ length: 2_000 }, (_, index) => accountOf(channel, 3, index));
      expect(new Set(all).size).toBe(2_000);
      const count = (standing: string): number =>
        all.filter((one) => standingOf(channel, one, { absent: 500, limited: 1_000 }) === standing).length;
      expect(all.every((one) => standingOf(channel, one, { absent: 0, limited: 0 }) === 'good')).toBe(true);
      expect(count('absent')).toBeGreaterThan(60);
      expect(count('absent')).toBeLessThan(140);
      expect(count('limited')).toBeGreaterThan(140);
      expect(count('limited')).toBeLessThan(260);
    }
  });
});
