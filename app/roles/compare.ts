/** Wires the Job that compares journal and database: both, its metrics, and what it reports. */
import { createCommitted } from '../../journal/committed.ts';
import { connectJournal } from '../../journal/connection.ts';
import { createControlLog } from '../../journal/freeze/control.ts';
import { createJournalReplay } from '../../journal/replay.ts';
import { noFindings } from '../compare/differences.ts';
import { createJournalState } from '../compare/journal-state.ts';
import { differencesReport, keepComparing } from '../compare/keep-comparing.ts';
import { type Compared, exportComparison } from '../compare/metrics.ts';
import { databaseAccess } from '../config.ts';
import { createLimitedLog } from '../limited-log.ts';
import { createRowSums } from '../store/row-sums.ts';
import type { RunJob } from './role.ts';

const monotonicMs = (): number => performance.now();

export const runCompare: RunJob = async ({ config, log, registry, differences, signal }) => {
  const { campaignId, shards } = config.app;
  let compared: Compared = { findings: noFindings(shards), last: undefined };
  exportComparison(registry, () => compared);
  differences(() => differencesReport(compared.findings));
  const limited = createLimitedLog(log);
  const database = createRowSums({ ...databaseAccess(config.dataPlane), campaignId });
  const connection = await connectJournal(config.dataPlane.journal, config.podName, signal);
  try {
    const of = { connection, campaignId, shards };
    const { replay } = createJournalReplay(of);
    const control = createControlLog(of);
    const state = createJournalState(campaignId, shards, { replay });
    log.info('comparing the database with the journal');
    const why = await keepComparing(
      {
        shards,
        state,
        journal: { replay, committed: createCommitted(of) },
        database,
        isListed: async (inner) => (await control.read('listed', inner)) !== undefined,
        now: Date.now,
        monotonicMs,
        onRound(last, findings, tookMs) {
          const before = compared.findings;
          compared = { findings, last };
          const { confirmed, buckets, watermarks } = findings;
          if (confirmed.length > 0 && before.confirmed.length === 0) {
            log.error({ ...differencesReport(findings) }, 'journal and database differ');
          } else if (confirmed.length === 0 && before.confirmed.length > 0) {
            log.info('journal and database agree again');
          }
          log.debug({ kind: last.kind, buckets, watermarks, tookMs, ...state.expected.counts() }, 'compared');
        },
        onError(error) {
          limited.warn({ error }, 'nothing was compared; retrying');
        },
      },
      signal,
    );
    log.info(
      why === 'listed'
        ? 'the list is made, so nothing is left to compare'
        : 'ends after twelve hours; the operator creates the Job again, with the newest image',
    );
  } finally {
    await Promise.all([connection.close(), database.close()]);
  }
};
