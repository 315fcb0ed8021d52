/** Writers, crashes and forgers on a real trail, for tests and evidence. */

import { checkTrail, type TrailCheck } from '../../cli/audit/trail.ts';
import { AUDIT_STREAM, auditSubject } from '../../contract/names.ts';
import { createAuditLog } from '../../journal/audit-log.ts';
import type { AuditLog } from '../../journal/trail.ts';
import { type AuditEntry, parseAuditEntry } from '../../operator/audit/entry.ts';
import { historyOf } from './audit-history.ts';
import { patiently } from './patiently.ts';
import { publishOnce } from './publish-once.ts';
import { never, type RealJournal } from './real-journal.ts';
import { writeHistory } from './write-history.ts';

export const linesOf = (log: AuditLog, campaignId: string): Promise<readonly string[]> =>
  patiently(`the trail of ${campaignId}`, async () => {
    const lines: string[] = [];
    for await (const { text } of log.read(campaignId, never)) lines.push(text);
    return lines;
  });

export const entriesOf = async (log: AuditLog, campaignId: string): Promise<readonly (AuditEntry | undefined)[]> =>
  (await linesOf(log, campaignId)).map(parseAuditEntry);

/** What a leader writes that sees the whole history. */
export const writeWhole = (
  log: AuditLog,
  campaignId: string,
  onView?: (view: number) => Promise<void> | void,
): Promise<{ readonly failures: number }> => writeHistory(log, campaignId, historyOf(campaignId), onView);

/** So many leaders at once, each with a connection of its own. */
export const race = async (journal: RealJournal, campaignId: string, leaders: number): Promise<void> => {
  const logs = await Promise.all(
    Array.from({ length: leaders }, async (_, n) =>
      createAuditLog({ connection: await journal.connect(`leader-${n}`), replicas: 3 }),
    ),
  );
  await Promise.all(logs.map((log) => writeWhole(log, campaignId)));
};

export type Forgery = 'one removed' | 'one altered' | 'the last two cut off' | 'the order changed';

const forged = (lines: readonly string[], forgery: Forgery): readonly string[] => {
  switch (forgery) {
    case 'one removed':
      return lines.toSpliced(4, 1);
    case 'one altered':
      return lines.with(5, (lines[5] ?? '').replace('duty@city.example', 'somebody.else@city.example'));
    case 'the last two cut off':
      return lines.slice(0, -2);
    case 'the order changed':
      return lines.toSpliced(2, 2, lines[3] ?? '', lines[2] ?? '');
  }
};

/** What an auditor sees after a person with the operator's account replaced the stream by other entries. */
export const forge = async (journal: RealJournal, campaignId: string, forgery: Forgery): Promise<TrailCheck> => {
  const { streams } = journal.manager;
  const log = createAuditLog({ connection: journal.connection, replicas: 3 });
  const lines = await linesOf(log, campaignId);
  const { head } = checkTrail(lines);
  const { config } = await streams.info(AUDIT_STREAM);
  await streams.delete(AUDIT_STREAM);
  await streams.add(config);
  const client = journal.manager.jetstream();
  for (const [index, line] of forged(lines, forgery).entries()) {
    await publishOnce(client, { subject: auditSubject(campaignId), messageId: `forged-${index}`, payload: line });
  }
  return checkTrail(await linesOf(log, campaignId), head);
};
