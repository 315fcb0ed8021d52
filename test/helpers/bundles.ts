/** Bundles of small draws for tests, with a round of a local chain and a public value as sources. */
import { createHash } from 'node:crypto';
import { type BundleWriter, openBundle } from '../../app/draw/bundle/write.ts';
import { bytesOf, commitmentOf, resultOf, sourcesOf, voucherResult } from '../../app/draw/documents.ts';
import { drawVoucher } from '../../app/draw/draw.ts';
import { merkleRoot } from '../../app/draw/merkle.ts';
import { chainFrom, drandChains, timeOfRound } from '../../app/draw/sources/drand.ts';
import { publicValueHex } from '../../contract/decisions/public-value.ts';
import { createLocalChain } from '../../local/drand/chain.ts';
import { listOf } from './draws.ts';

const local = createLocalChain({ seed: 'bundles', genesisSeconds: 1_800_000_000 });
const chain = chainFrom(local.info);
const ROUND = 7;
const round = local.sign(ROUND);

/** The chains that verify bundles of this file. */
export const CHAINS = drandChains(chain);
/** Info of the chain, as a relay gives it. */
export const CHAIN_INFO = local.info;

export interface BundleTerms {
  readonly campaignUid: string;
  readonly lists: readonly {
    readonly voucher: string;
    readonly entries: Buffer;
    readonly quota: number;
    readonly waitlist: number;
  }[];
  /** What two people entered. */
  readonly value: string;
}

/** Writes it up to `end`, which the caller calls or not. @param to a folder, or a place of another kind */
export const startBundle = async (to: string | BundleWriter, { campaignUid, lists, value }: BundleTerms) => {
  const [notBefore, postponeAt] = [0, 3_600_000].map((afterMs) =>
    new Date(timeOfRound(chain, ROUND) + afterMs).toISOString(),
  ) as [string, string];
  const commitment = commitmentOf(
    {
      campaignUid,
      attempt: 1,
      notBefore,
      postponeAt,
      sources: [
        { name: 'drand', type: 'Drand', chain: chain.hash, round: ROUND },
        { name: 'lottery', type: 'PublicValue', description: 'numbers of the day, in ascending order' },
      ],
    },
    lists.map(({ voucher, entries, quota, waitlist }) => {
      const listDigest = createHash('sha256').update(entries).digest('hex');
      return { voucher, n: entries.length / 32, quota, waitlist, listDigest, merkleRoot: merkleRoot(entries) };
    }),
  );
  const sources = sourcesOf(commitment, [
    { name: 'drand', hex: round.randomness, signature: round.signature },
    { name: 'lottery', hex: publicValueHex(value), value, enteredBy: ['li', 'wang'] },
  ]);
  const writer = typeof to === 'string' ? await openBundle(to) : to;
  const results = [];
  for (const { voucher, k, waitlist, listDigest } of commitment.vouchers) {
    const entries = lists.find((list) => list.voucher === voucher)?.entries ?? Buffer.of();
    const drawing = drawVoucher({ entries, k, waitlist, listDigest, sources: bytesOf(sources.sources) });
    await writer.voucher({ voucher, entries, ...drawing });
    results.push(voucherResult(voucher, drawing));
  }
  const result = resultOf(commitment, sources, results);
  return { commitment, sources, result, writer, end: () => writer.end({ commitment, sources, result }) };
};

export const makeBundle = async (to: string | BundleWriter, terms: BundleTerms) => {
  const bundle = await startBundle(to, terms);
  return { ...bundle, written: await bundle.end() };
};

/** Three lists: with winners, empty, and with fewer entries than the quota. */
export const BUNDLE_TERMS: BundleTerms = {
  campaignUid: 'spring-2027',
  value: '01 07 13',
  lists: [
    { voucher: 'dinner', entries: listOf(300, 'dinner'), quota: 200, waitlist: 30 },
    { voucher: 'empty', entries: listOf(0, 'empty'), quota: 5, waitlist: 3 },
    { voucher: 'sport', entries: listOf(3, 'sport'), quota: 5, waitlist: 3 },
  ],
};
/** Of the bundle with these terms. */
export const BUNDLE_FILES = [
  'commitment.json',
  'sources.json',
  'result.json',
  ...['dinner/entries.bin', 'dinner/winners.bin', 'dinner/waitlist.bin', 'sport/entries.bin', 'sport/winners.bin'],
];
