/** Reads all three sides, then compares. */
import { compare, type LedgerCheckResult } from './compare.ts';
import { type DatabaseAccess, readDatabase } from './read-database.ts';
import { type JournalAccess, readJournal } from './read-journal.ts';
import { readLedger } from './read-ledger.ts';

export interface LedgerCheckAccess extends JournalAccess, DatabaseAccess {
  readonly ledgerFile: string;
  /** As LedgerCheckInput has it. */
  readonly uniqueness?: string;
}

/** Rejects when a side can't be read; what it read and found is in the result. */
export const runLedgerCheck = async (access: LedgerCheckAccess, signal: AbortSignal): Promise<LedgerCheckResult> => {
  // The ledger before the journal, the journal before the database: what comes in between is never missed as lost.
  const ledger = await readLedger(access.ledgerFile);
  const journal = await readJournal(access, signal);
  const database = await readDatabase(access, access.campaignId, signal);
  return compare({
    ...(access.uniqueness === undefined ? {} : { uniqueness: access.uniqueness }),
    ledger,
    journal: journal.received,
    unreadable: journal.unreadable,
    later: journal.later,
    dataKeys: journal.dataKeys,
    ...database,
  });
};
