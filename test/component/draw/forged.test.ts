/** Bundles that someone made wrong on purpose, with all digests computed again: only the content shows it. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { checkReceipt } from '../../../app/draw/bundle/check.ts';
import { verifyBundle } from '../../../app/draw/bundle/verify.ts';
import { canonicalJson, digestOf } from '../../../app/draw/canonical.ts';
import { resultDigest } from '../../../app/draw/draw.ts';
import { entryOf } from '../../../app/draw/entry.ts';
import { merkleRoot } from '../../../app/draw/merkle.ts';
import { sortEntries } from '../../../app/draw/sort-entries.ts';
import type { Commitment, Result, Sources } from '../../../contract/decisions/draw.ts';
import { CHAINS, makeBundle } from '../../helpers/bundles.ts';
import { entriesOf, listOf, sha256 } from '../../helpers/draws.ts';

const never = new AbortController().signal;
const UID = 'spring-2027';
const RECEIPTS = Array.from({ length: 40 }, (_, index) => ({ no: `R${index}`, secret: `s${index}` }));

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'voucher-forged-'));
});
afterAll(() => rm(root, { recursive: true }));

const list = (): Buffer => {
  const entries = Buffer.from(new ArrayBuffer(RECEIPTS.length * 32));
  entries.set(Buffer.concat(RECEIPTS.map(({ no, secret }) => entryOf(UID, no, secret))));
  sortEntries(entries);
  return entries;
};

type Mutable<T> = T extends object ? { -readonly [K in keyof T]: Mutable<T[K]> } : T;
interface Bundle {
  readonly commitment: Mutable<Commitment>;
  readonly sources: Mutable<Sources>;
  readonly result: Mutable<Result>;
  entries: Buffer;
  winners: Buffer;
  waitlist: Buffer;
}

/** A bundle that is changed, and whose digests are made right again. */
const forge = async (name: string, change: (bundle: Bundle) => void): Promise<string> => {
  const dir = join(root, name.replaceAll(/\W/g, '-'));
  const terms = {
    campaignUid: UID,
    value: '01 07',
    lists: [{ voucher: 'dinner', entries: list(), quota: 10, waitlist: 5 }],
  };
  const { commitment, sources, result } = await makeBundle(dir, terms);
  const read = (file: string): Promise<Buffer> => readFile(join(dir, 'dinner', file));
  const bundle: Bundle = {
    ...(structuredClone({ commitment, sources, result }) as Pick<Bundle, 'commitment' | 'sources' | 'result'>),
    entries: await read('entries.bin'),
    winners: await read('winners.bin'),
    waitlist: await read('waitlist.bin'),
  };
  change(bundle);
  bundle.sources.commitment = digestOf(bundle.commitment);
  bundle.result.commitment = digestOf(bundle.commitment);
  bundle.result.sources = digestOf(bundle.sources);
  for (const file of ['commitment', 'sources', 'result'] as const) {
    await writeFile(join(dir, `${file}.json`), canonicalJson(bundle[file]));
  }
  for (const file of ['entries', 'winners', 'waitlist'] as const) {
    await writeFile(join(dir, 'dinner', `${file}.bin`), bundle[file]);
  }
  return dir;
};

const dinner = ({ commitment }: Bundle): Mutable<Commitment['vouchers'][number]> => {
  const [voucher] = commitment.vouchers;
  if (voucher === undefined) throw new Error('no voucher');
  return voucher;
};
const ofDinner = ({ result }: Bundle): Mutable<Result['vouchers'][number]> => {
  const [voucher] = result.vouchers;
  if (voucher === undefined) throw new Error('no voucher');
  return voucher;
};
const value = ({ sources }: Bundle, index: number): Mutable<Sources['sources'][number]> => {
  const given = sources.sources[index];
  if (given === undefined) throw new Error('no source');
  return given;
};
const replaceList = (bundle: Bundle, entries: Buffer): void => {
  bundle.entries = entries;
  const digest = sha256(entries).toString('hex');
  Object.assign(dinner(bundle), { n: entries.length / 32, listDigest: digest, merkleRoot: merkleRoot(entries) });
};
/** Another winner in the place of a loser, everywhere. */
const swapWinner = (bundle: Bundle): void => {
  const bits = [...bundle.winners].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  const [won, lost] = [bits.indexOf('1'), bits.indexOf('0')];
  for (const index of [won, lost]) {
    bundle.winners[index >>> 3] = (bundle.winners[index >>> 3] ?? 0) ^ (128 >>> (index & 7));
  }
  ofDinner(bundle).resultDigest = resultDigest(bundle.winners, bundle.waitlist);
};

describe('a forged bundle', () => {
  it('is right when nothing is changed', async () => {
    expect((await verifyBundle(await forge('nothing', () => undefined), CHAINS, {}, never)).kind).toBe('verified');
  });

  it.each<[string, string, string, (bundle: Bundle) => void]>([
    ['another winner', 'dinner/winners.bin', 'list and the sources', swapWinner],
    [
      'another order of the waiting list',
      'dinner/waitlist.bin',
      'list and the sources',
      (bundle) => {
        bundle.waitlist = Buffer.concat(entriesOf(bundle.waitlist).toReversed());
        ofDinner(bundle).resultDigest = resultDigest(bundle.winners, bundle.waitlist);
      },
    ],
    [
      'another Merkle root',
      'commitment.json',
      'merkleRoot',
      (bundle) => {
        dinner(bundle).merkleRoot = 'a'.repeat(64);
      },
    ],
    [
      'another quota',
      'dinner/winners.bin',
      'list and the sources',
      (bundle) => {
        dinner(bundle).k = 11;
      },
    ],
    [
      'another list',
      'dinner/winners.bin',
      'list and the sources',
      (bundle) => replaceList(bundle, listOf(40, 'other')),
    ],
    [
      'an entry twice',
      'dinner/entries.bin',
      'above the one before',
      (bundle) => replaceList(bundle, Buffer.concat([bundle.entries.subarray(0, 32), bundle.entries])),
    ],
    [
      'a list in another order',
      'dinner/entries.bin',
      'above the one before',
      (bundle) => replaceList(bundle, Buffer.concat(entriesOf(bundle.entries).toReversed())),
    ],
    [
      'another seed',
      'result.json',
      'seed of dinner',
      (bundle) => {
        ofDinner(bundle).seed = 'a'.repeat(64);
      },
    ],
    [
      'another cutoff',
      'result.json',
      'cutoff of dinner',
      (bundle) => {
        ofDinner(bundle).cutoff = '';
      },
    ],
    [
      'another count',
      'result.json',
      'winners of dinner',
      (bundle) => {
        ofDinner(bundle).winners = 11;
      },
    ],
    [
      'another result digest',
      'result.json',
      'resultDigest',
      (bundle) => {
        ofDinner(bundle).resultDigest = 'a'.repeat(64);
      },
    ],
    [
      'invented randomness',
      'sources.json',
      'SHA-256 of the signature',
      (bundle) => {
        value(bundle, 0).hex = '00';
      },
    ],
    [
      'a round that is published too early',
      'commitment.json',
      'notBefore',
      ({ commitment }) => {
        // One second later than the round.
        commitment.notBefore = new Date(Date.parse(commitment.notBefore) + 1_000).toISOString();
      },
    ],
    [
      'a value that one person entered',
      'sources.json',
      'two different people',
      (bundle) => {
        value(bundle, 1).enteredBy = ['li', 'li'];
      },
    ],
    [
      'a value with other bytes',
      'sources.json',
      "value's bytes",
      (bundle) => {
        value(bundle, 1).hex = '00';
      },
    ],
    [
      'another campaign in the result',
      'result.json',
      'campaignUid',
      ({ result }) => {
        result.campaignUid = 'other';
      },
    ],
    [
      'another attempt in the sources',
      'sources.json',
      'attempt',
      ({ sources }) => {
        sources.attempt = 2;
      },
    ],
    ['a source less', 'sources.json', 'is missing', ({ sources }) => void sources.sources.pop()],
    ['a voucher less in the result', 'result.json', 'vouchers', ({ result }) => void result.vouchers.pop()],
  ])('with %s is found', async (name, file, problem, change) => {
    const verified = await verifyBundle(await forge(name, change), CHAINS, {}, never);
    expect(verified).toEqual({ kind: 'wrong', fault: expect.objectContaining({ file }) });
    expect(verified.kind === 'wrong' ? verified.fault.problem : '').toContain(problem);
  });
});

describe('checking receipts', () => {
  it('gives each of them its own rank, and as many winners and waiting places as committed', async () => {
    const dir = await forge('receipts', () => undefined);
    const places = await Promise.all(RECEIPTS.map(async (receipt) => (await checkReceipt(dir, receipt, never)).place));
    expect(places.map((place) => place?.rank).sort((a = 0, b = 0) => a - b)).toEqual(
      RECEIPTS.map((_, index) => index + 1),
    );
    for (const place of places) {
      const rank = place?.rank ?? 0;
      expect(place?.outcome).toBe(rank <= 10 ? 'won' : rank <= 15 ? 'waitlisted' : 'lost');
      expect(place?.waitlistPlace).toBe(rank > 10 && rank <= 15 ? rank - 10 : undefined);
    }
  });

  it.each<[string, (bundle: Bundle) => void]>([
    ['another winner', swapWinner],
    [
      'another order of the waiting list',
      (bundle) => {
        bundle.waitlist = Buffer.concat(entriesOf(bundle.waitlist).toReversed());
      },
    ],
    [
      'another cutoff',
      (bundle) => {
        ofDinner(bundle).cutoff = '0'.repeat(64);
      },
    ],
    [
      'another Merkle root',
      (bundle) => {
        dinner(bundle).merkleRoot = 'a'.repeat(64);
      },
    ],
  ])('finds %s, for those whom it concerns', async (name, change) => {
    const dir = await forge(`check ${name}`, change);
    const checks = await Promise.allSettled(RECEIPTS.map((receipt) => checkReceipt(dir, receipt, never)));
    expect(checks.filter(({ status }) => status === 'rejected').length).toBeGreaterThanOrEqual(2);
  });
});
