import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { encodeCrockford } from '../../../app/core/crockford.ts';
import {
  citizenHashOf,
  deriveReceipt,
  fingerprintOf,
  isReceiptNo,
  verifyReceiptSecret,
} from '../../../app/core/receipt.ts';
import { secretKey } from '../../../app/core/secret-key.ts';
import type { Channel } from '../../../contract/envelope.ts';
import { bucketOf, shardOf } from '../../../contract/shard.ts';

const key = secretKey(Buffer.alloc(32, 7));
const hash = citizenHashOf(key, 'demo', 'citizen', '11010519491231002X');

describe('a receipt', () => {
  it('is the same for the same person and key on any pod', () => {
    expect(deriveReceipt(key, 'demo', hash, 'a'.repeat(16))).toEqual(deriveReceipt(key, 'demo', hash, 'a'.repeat(16)));
  });

  const first = deriveReceipt(key, 'demo', hash, 'key-1');
  const others: Record<string, ReturnType<typeof deriveReceipt>> = {
    'another Idempotency-Key': deriveReceipt(key, 'demo', hash, 'key-2'),
    'another campaign': deriveReceipt(key, 'demo2', hash, 'key-1'),
    'another person': deriveReceipt(
      key,
      'demo',
      hash.replace(/^./, (c) => (c === '0' ? '1' : '0')),
      'key-1',
    ),
    'another campaign key': deriveReceipt(secretKey(Buffer.alloc(32, 8)), 'demo', hash, 'key-1'),
  };
  it.each(Object.entries(others))('differs for %s', (_name, other) => {
    expect(other.receiptNo).not.toBe(first.receiptNo);
    expect(other.receiptSecret).not.toBe(first.receiptSecret);
  });

  it('has the shape that isReceiptNo knows', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), (idempotencyKey) => {
        expect(isReceiptNo(deriveReceipt(key, 'demo', hash, idempotencyKey).receiptNo)).toBe(true);
      }),
    );
  });

  it('proves itself, and nothing else does', () => {
    const { receiptNo, receiptSecret } = first;
    expect(verifyReceiptSecret(key, 'demo', receiptNo, receiptSecret)).toBe(true);
    expect(verifyReceiptSecret(key, 'demo', receiptNo, receiptNo)).toBe(false);
    expect(verifyReceiptSecret(key, 'demo', receiptNo, '')).toBe(false);
    expect(verifyReceiptSecret(key, 'other', receiptNo, receiptSecret)).toBe(false);
  });
});

describe('a fingerprint', () => {
  const of = (fields: readonly string[], { receipt = 'R', by = key, campaign = 'demo' } = {}) =>
    fingerprintOf(by, campaign, receipt, fields);

  it('is equal for equal bodies only, wherever the fields end', () => {
    const some = fc.array(fc.string(), { maxLength: 4 });
    fc.assert(
      fc.property(some, some, (a, b) => {
        expect(of(a) === of(b)).toBe(JSON.stringify(a) === JSON.stringify(b));
      }),
    );
    expect(of(['a\0b'])).not.toBe(of(['a', 'b']));
  });

  it('says nothing across receipts, campaigns and keys', () => {
    const others = [
      of(['a'], { receipt: 'S' }),
      of(['a'], { campaign: 'demo2' }),
      of(['a'], { by: secretKey(Buffer.alloc(32, 8)) }),
    ];
    expect(new Set([of(['a']), ...others]).size).toBe(4);
  });
});

describe('a citizen hash', () => {
  it('of a canary is never that of a citizen', () => {
    expect(citizenHashOf(key, 'demo', 'canary', '11010519491231002X')).not.toBe(hash);
  });

  it('has the channel in it where a person may have one registration at each', () => {
    const at = (channel?: Channel) => citizenHashOf(key, 'demo', 'citizen', '11010519491231002X', channel);
    expect(new Set([at(), at('wechat'), at('alipay'), at('unionpay')]).size).toBe(4);
    expect(at('alipay')).toBe(at('alipay'));
  });

  it('is this one, as in builds before there were spaces: journals and receipts of open campaigns hang on it', () => {
    // By citizenHashOf(key, 'demo', 'citizen', 'CN_ID', '11010519491231002X') of such a build.
    expect(hash).toBe('05dd8d7270b3b20d7904e33c06cc166650bd98d26107abfbb4ac350355d8ce01');
  });

  it('spreads over shards and buckets evenly', () => {
    const shards = [0, 0, 0];
    const buckets = new Set<number>();
    for (let i = 0; i < 30_000; i += 1) {
      const other = citizenHashOf(key, 'demo', 'citizen', String(i));
      const shard = shardOf(other, 3);
      shards[shard] = (shards[shard] ?? 0) + 1;
      buckets.add(bucketOf(other));
    }
    for (const count of shards) expect(Math.abs(count - 10_000)).toBeLessThan(500);
    expect(buckets.size).toBe(1024);
    expect(Math.max(...buckets)).toBe(1023);
  });
});

describe('Crockford base32', () => {
  const cases: Record<string, { bytes: number[]; want: string }> = {
    'of nothing is empty': { bytes: [], want: '' },
    'pads the last character with zero bits': { bytes: [0xff], want: 'ZW' },
    'of five bytes is eight characters': { bytes: [0x00, 0x44, 0x32, 0x14, 0xc7], want: '01234567' },
  };
  it.each(Object.entries(cases))('%s', (_name, { bytes, want }) => {
    expect(encodeCrockford(Uint8Array.from(bytes))).toBe(want);
  });
});
