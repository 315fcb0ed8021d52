/**
 * Who has won in an earlier campaign, as hashes of another campaign. Events may be repeated and arrive in any order and shard.
 *
 * | facts of a receipt                       | its person is excluded |
 * |------------------------------------------|------------------------|
 * | issued                                   | yes: has a voucher     |
 * | won or promoted, without `lost`          | yes                    |
 * | won or promoted, and `lost`: was replaced | no: has no voucher, and can't get one any more |
 * | erased                                   | can't be: the identity number is gone; counted as unreadable |
 *
 * In columns: 17 bytes a receipt, 4 to 8 of its index, and 16 a hash; 2.5 million winners take 110 MiB.
 */
import { hash } from 'node:crypto';
import { z } from 'zod';
import { chunkBitsOf, EXCLUDED_BYTES, type ExclusionOrder } from '../../contract/decisions/exclusion.ts';
import { CHANNELS, type EventEnvelope, type EventType } from '../../contract/envelope.ts';
import { parseUntrusted } from '../../contract/untrusted.ts';
import { createKeyIndex } from '../core/key-index.ts';
import { citizenHashOf } from '../core/receipt.ts';
import type { SecretKey } from '../core/secret-key.ts';
import { RECEIPT_WORDS, readReceipt } from '../draw/receipt-words.ts';
import { compareHashes, sortHashes } from '../draw/sort-entries.ts';
import type { Opener } from '../keys/opener.ts';
import { type CampaignReplay, eventsUpTo } from '../records/events-up-to.ts';

export interface EarlierCampaign extends CampaignReplay {
  readonly shards: number;
  readonly journal: CampaignReplay['journal'] & { lastSequence(shard: number, signal: AbortSignal): Promise<number> };
  readonly opener: Opener;
}

export interface NewCampaign {
  readonly campaignId: string;
  readonly citizenKey: SecretKey;
  readonly uniqueness: ExclusionOrder['uniqueness'];
}

export interface EarlierWinners {
  /** Sorted bytewise, none twice. */
  readonly list: Buffer;
  readonly entries: number;
  readonly digest: string;
  readonly chunkBits: number;
  readonly winners: number;
  readonly unreadable: number;
}

const BITS: Partial<Readonly<Record<EventType, number>>> = { won: 1, promoted: 1, issued: 2, lost: 4, erased: 8 };
const [WON, ISSUED, LOST, ERASED, DONE] = [1, 2, 4, 8, 16];

const isExcluded = (flags: number): boolean => (flags & ISSUED) !== 0 || ((flags & WON) !== 0 && (flags & LOST) === 0);

const personal = z.object({ idNumber: z.string().min(1) });

/** Keeps one of equal neighbours. */
const distinct = (sorted: Buffer): Buffer => {
  let end = 0;
  for (let index = 0; index * EXCLUDED_BYTES < sorted.length; index += 1) {
    if (index > 0 && compareHashes(sorted, EXCLUDED_BYTES, index - 1, index) === 0) continue;
    // The list only gets shorter, so this changes none that is still to be compared.
    sorted.copy(sorted, end, index * EXCLUDED_BYTES, (index + 1) * EXCLUDED_BYTES);
    end += EXCLUDED_BYTES;
  }
  return sorted.subarray(0, end);
};

/** @throws Error when a data key is not available now: a list without these people would be wrong */
export const earlierWinners = async (
  earlier: EarlierCampaign,
  { campaignId, citizenKey, uniqueness }: NewCampaign,
  signal: AbortSignal,
): Promise<EarlierWinners> => {
  const { shards, journal, opener } = earlier;
  const upTo = await Promise.all(Array.from({ length: shards }, (_, shard) => journal.lastSequence(shard, signal)));
  const most = upTo.reduce((sum, last) => sum + last, 0);
  // Room for all is reserved at once; the system gives zeroed pages only when a row is written.
  const receipts = new Uint32Array((most + 1) * RECEIPT_WORDS);
  const flags = new Uint8Array(most);
  const index = createKeyIndex(() => receipts, RECEIPT_WORDS);
  const word = new Uint32Array(RECEIPT_WORDS);
  let count = 0;
  const rowOf = (receipt: string): number | undefined => {
    if (!readReceipt(receipt, word)) return undefined;
    receipts.set(word, count * RECEIPT_WORDS);
    const known = index.find(receipts, count * RECEIPT_WORDS, count);
    if (known !== undefined) return known;
    count += 1;
    return count - 1;
  };
  for await (const { kind, type, receipt } of eventsUpTo(earlier, upTo, signal)) {
    const bit = BITS[type];
    const row = kind !== 'citizen' || bit === undefined ? undefined : rowOf(receipt);
    if (row !== undefined && bit !== undefined) flags[row] = (flags[row] ?? 0) | bit;
  }
  let winners = 0;
  for (let row = 0; row < count; row += 1) if (isExcluded(flags[row] ?? 0)) winners += 1;

  const channels = uniqueness === 'perCitizenAndChannel' ? CHANNELS : [undefined];
  const hashes = Buffer.from(new ArrayBuffer(winners * channels.length * EXCLUDED_BYTES));
  let end = 0;
  let read = 0;
  const numberIn = async (event: EventEnvelope): Promise<string | undefined> => {
    const opened = await opener.open(event.keyId, String(event.data['sealed']), event.receipt, signal);
    if (opened.kind === 'unavailable')
      throw new Error(`the data key ${event.keyId} of ${earlier.campaignId} is not available`, { cause: opened.cause });
    return opened.kind === 'opened' ? parseUntrusted(personal, opened.plaintext)?.idNumber : undefined;
  };
  for await (const event of eventsUpTo(earlier, upTo, signal)) {
    if (event.type !== 'received' || event.kind !== 'citizen' || !readReceipt(event.receipt, word)) continue;
    const row = index.get(word, 0) ?? -1;
    const flag = flags[row] ?? 0;
    if (!isExcluded(flag) || (flag & (ERASED | DONE)) !== 0) continue;
    const idNumber = await numberIn(event);
    // Another copy may be readable.
    if (idNumber === undefined) continue;
    flags[row] = flag | DONE;
    read += 1;
    for (const channel of channels) {
      const citizenHash = citizenHashOf(citizenKey, campaignId, 'citizen', idNumber, channel);
      end += hashes.write(citizenHash.slice(0, EXCLUDED_BYTES * 2), end, 'hex');
    }
  }
  const written = hashes.subarray(0, end);
  sortHashes(written, EXCLUDED_BYTES);
  const list = distinct(written);
  const entries = list.length / EXCLUDED_BYTES;
  const digest = hash('sha256', list, 'hex');
  return { list, entries, digest, chunkBits: chunkBitsOf(entries), winners, unreadable: winners - read };
};
