/** The ledger back from its file. A last line without an end was being written when its writer died: it never counted. */
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import type { LedgerEntry } from '../load/ledger.ts';

const intent = z.enum(['first', 'same_key', 'other_key']);
const entry = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('acknowledged'),
    receiptNo: z.string(),
    keyHash: z.string(),
    citizen: z.int().nonnegative(),
    sentAt: z.number(),
    answeredAt: z.number(),
    status: z.int(),
    attempt: z.int().positive(),
    intent,
  }),
  z.object({ type: z.literal('unsettled'), keyHash: z.string(), citizen: z.int().nonnegative(), intent }),
  z.object({ type: z.literal('end'), sent: z.int(), acknowledged: z.int() }),
]);

const parseLine = (line: string): LedgerEntry | undefined => {
  try {
    return entry.parse(JSON.parse(line));
  } catch {
    return undefined;
  }
};

/** Throws on a broken line anywhere but at the end: then the ledger itself can't be believed. */
export const readLedger = async (file: string): Promise<readonly LedgerEntry[]> => {
  const entries: LedgerEntry[] = [];
  let brokenAt: number | undefined;
  let number = 0;
  for await (const line of createInterface({ input: createReadStream(file), crlfDelay: Number.POSITIVE_INFINITY })) {
    number += 1;
    if (brokenAt !== undefined) throw new Error(`line ${brokenAt} of the ledger ${file} is broken`);
    const parsed = parseLine(line);
    if (parsed === undefined) brokenAt = number;
    else entries.push(parsed);
  }
  return entries;
};
