/** Reads ledger, journal and database, then compares them. */
import { compare, type LedgerCheckResult } from './compare.ts';
import { type DatabaseAccess, readDatabase } from './read-database.ts';
import { type JournalAccess, readJournal } from './read-journal.ts';
import { readLedger } from './read-ledger.ts';

export interface LedgerCheckAccess extends JournalAccess, DatabaseAccess {
  readonly ledgerFile: string;
  readonly uniqueness?: string;
  /** The campaign checks identities: each registration must have a verdict. */
  readonly verifies?: boolean;
}

/** Rejects when one of the three can't be read. */
export const runLedgerCheck = async (access: LedgerCheckAccess, signal: AbortSignal): Promise<LedgerCheckResult> => {
  // In this order: what arrives during the check never looks lost.
  const ledger = await readLedger(access.ledgerFile);
  const journal = await readJournal(access, signal);
  return compare({
    ...(access.uniqueness === undefined ? {} : { uniqueness: access.uniqueness }),
    ...(access.verifies === undefined ? {} : { verifies: access.verifies }),
    ledger,
    journal: journal.received,
    unreadable: journal.unreadable,
    later: journal.later,
    dataKeys: journal.dataKeys,
    ...(await readDatabase(access, access.campaignId, signal)),
  });
};
