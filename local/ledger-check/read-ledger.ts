/** Reads the ledger. An incomplete last line was being written when the generator ended: that promise never counted. */
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { parseUntrusted } from '../../contract/untrusted.ts';
import { type LedgerEntry, ledgerEntry } from '../load/ledger.ts';

/** @throws Error on a broken line anywhere but at the end: the ledger is then not reliable */
export const readLedger = async (file: string): Promise<readonly LedgerEntry[]> => {
  const entries: LedgerEntry[] = [];
  let brokenAt: number | undefined;
  let number = 0;
  for await (const line of createInterface({ input: createReadStream(file), crlfDelay: Number.POSITIVE_INFINITY })) {
    number += 1;
    if (brokenAt !== undefined) throw new Error(`line ${brokenAt} of the ledger ${file} is broken`);
    const parsed = parseUntrusted(ledgerEntry, line);
    if (parsed === undefined) brokenAt = number;
    else entries.push(parsed);
  }
  return entries;
};
