import { createHash, createHmac, randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { deriveReceipt } from '../../../app/core/receipt.ts';
import { secretKey } from '../../../app/core/secret-key.ts';
import { createEntryWriter, entryOf } from '../../../app/draw/entry.ts';
import { merkleRoot } from '../../../app/draw/merkle.ts';
import { readReceipt, writeReceipt } from '../../../app/draw/receipt-words.ts';
import { sortEntries } from '../../../app/draw/sort-entries.ts';

const sha256 = (...parts: readonly (string | Uint8Array)[]): Buffer => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
};

/** Published with the specification of vcdraw1. */
const VECTOR = {
  campaignUid: '3f1c7a52-0000-4000-8000-000000000003',
  receipts: Array.from({ length: 8 }, (_, index) => ({
    no: `CD03-0000000${index + 1}`,
    secret: sha256(`secret${index + 1}`)
      .subarray(0, 16)
      .toString('hex'),
  })),
  firstEntry: 'f68e193f82520b11452c9b83e18d9dfa303a0a16b5c14b2fa79c6b0aed465d23',
  listDigest: '2aec7662109638dd0ff66cea05ccbdd18b05c0854d7d3c38da8d2f1bb43b1b0c',
};

describe('the vector of vcdraw1', () => {
  const entries = VECTOR.receipts.map(({ no, secret }) => entryOf(VECTOR.campaignUid, no, secret));

  it('has this first entry', () => {
    expect(VECTOR.receipts[0]?.secret).toBe('5b11618c2e44027877d0cd0921ed166b');
    expect(entries[0]?.toString('hex')).toBe(VECTOR.firstEntry);
  });

  it('has this list digest', () => {
    const list = Buffer.concat(entries);
    sortEntries(list);
    expect(sha256(list).toString('hex')).toBe(VECTOR.listDigest);
  });
});

describe('a receipt in words', () => {
  const words = new Uint32Array(4);

  it('comes back as it was, and in the order of its text', () => {
    const receipts = Array.from({ length: 200 }, () =>
      deriveReceipt(secretKey(randomBytes(32)), 'spring', 'a'.repeat(64), String(Math.random())),
    ).map(({ receiptNo }) => receiptNo);
    const read = receipts.map((text) => {
      expect(readReceipt(text, words)).toBe(true);
      const back = Buffer.alloc(26);
      writeReceipt(words, 0, back, 0);
      expect(back.toString('latin1')).toBe(text);
      return {
        text,
        words: Buffer.concat([...words].map((word) => Buffer.from([word >>> 24, word >>> 16, word >>> 8, word]))),
      };
    });
    const byWords = read.toSorted((a, b) => Buffer.compare(a.words, b.words)).map(({ text }) => text);
    expect(byWords).toEqual(receipts.toSorted());
  });

  it.each([
    ['too short', '0'.repeat(25)],
    ['too long', '0'.repeat(27)],
    ['a letter that the alphabet leaves out', `${'0'.repeat(25)}U`],
    ['small letters', 'a'.repeat(26)],
    ['beyond ASCII', `${'0'.repeat(25)}一`],
    ['bits after the 128th', `${'0'.repeat(25)}1`],
  ])('is none when it is %s', (_, text) => {
    expect(readReceipt(text, words)).toBe(false);
  });
});

it('writes the entry of receipt and secret that the citizen has', () => {
  const key = secretKey(randomBytes(32));
  for (const campaignId of ['spring', 'a-campaign-with-a-name-of-as-many-characters-as-a-label-may-have']) {
    const write = createEntryWriter(key, campaignId);
    for (let index = 0; index < 50; index += 1) {
      const { receiptNo, receiptSecret } = deriveReceipt(
        key,
        campaignId,
        randomBytes(32).toString('hex'),
        `key-${index}`,
      );
      const words = new Uint32Array(6);
      const receipt = new Uint32Array(4);
      readReceipt(receiptNo, receipt);
      words.set(receipt, 2);
      const into = Buffer.alloc(40);
      write(words, 2, into, 8);
      expect(into.subarray(8)).toEqual(entryOf(campaignId, receiptNo, receiptSecret));
    }
  }
  // The HMAC by its definition, so that the test does not trust the derivation either.
  expect(createHmac('sha256', key).update('x').digest()).toHaveLength(32);
});

describe('sorting', () => {
  it.each([0, 1, 2, 3, 8, 9, 100, 5_000])('%i entries', (count) => {
    const random = randomBytes(count * 32);
    const wanted = Buffer.concat(
      Array.from({ length: count }, (_, index) => random.subarray(index * 32, index * 32 + 32)).toSorted(
        Buffer.compare,
      ),
    );
    const list = Buffer.from(Uint8Array.from(random).buffer);
    sortEntries(list);
    expect(list.equals(wanted)).toBe(true);
  });

  it('of entries that differ only in their last byte', () => {
    const list = Buffer.concat(Array.from({ length: 200 }, (_, index) => Buffer.alloc(32, 7).fill(199 - index, 31)));
    const copy = Buffer.from(Uint8Array.from(list).buffer);
    sortEntries(copy);
    expect([...Array(200).keys()].every((index) => copy[index * 32 + 31] === index)).toBe(true);
  });

  it('refuses two equal ones', () => {
    expect(() => sortEntries(Buffer.from(new Uint8Array(96).buffer))).toThrow('two receipts have the same entry');
  });
});

describe('the root of the list', () => {
  /** By the definition of RFC 6962, section 2.1. */
  const byDefinition = (entries: readonly Uint8Array[]): Buffer => {
    const [first] = entries;
    if (first === undefined) return sha256('');
    if (entries.length === 1) return sha256(Buffer.from([0]), first);
    let split = 1;
    while (split * 2 < entries.length) split *= 2;
    return sha256(Buffer.from([1]), byDefinition(entries.slice(0, split)), byDefinition(entries.slice(split)));
  };

  it.each([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 16, 17, 31, 33, 100, 1_000])('of %i entries', (count) => {
    const entries = Array.from({ length: count }, () => randomBytes(32));
    expect(merkleRoot(Buffer.concat(entries))).toBe(byDefinition(entries).toString('hex'));
  });
});
