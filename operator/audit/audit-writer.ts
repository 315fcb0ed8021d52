/** Completes one trail: missing entries are appended, each once, even with several writers. */
import type { AuditLog, AuditTail } from '../../journal/trail.ts';
import { type AuditEntry, parseAuditEntry } from './entry.ts';
import { Trail } from './trail-state.ts';

/** A trail as it was last known. */
export interface KnownTrail {
  readonly trail: Trail;
  readonly tail: AuditTail | undefined;
}

/** Another writer may be quicker so often in one call; the next tick continues. */
const MOST_ROUNDS = 5;

const load = async (log: AuditLog, campaignId: string, signal: AbortSignal): Promise<KnownTrail> => {
  const trail = new Trail();
  let tail: AuditTail | undefined;
  for await (const line of log.read(campaignId, signal)) {
    const entry = parseAuditEntry(line.text);
    // An unreadable line is left to an auditor; the chain continues after it.
    if (entry !== undefined) trail.add(entry);
    ({ tail } = line);
  }
  return { trail, tail };
};

/**
 * Nothing is read or written while `missing` returns nothing. Of equal entries of two writers only one is appended.
 * @param known undefined: not read yet @throws Error when the journal does not answer: forget `known` then
 */
export const bringUpToDate = async (
  log: AuditLog,
  campaignId: string,
  known: KnownTrail | undefined,
  missing: (trail: Trail) => readonly AuditEntry[],
  signal: AbortSignal,
): Promise<KnownTrail> => {
  let current = known ?? (await load(log, campaignId, signal));
  for (let round = 0; round < MOST_ROUNDS; round += 1) {
    let hasMoved = false;
    for (const entry of missing(current.trail)) {
      const result = await log.append(campaignId, entry, current.tail, signal);
      hasMoved = result.kind === 'moved';
      if (result.kind === 'moved') break;
      current.trail.add(entry);
      current = { trail: current.trail, tail: result.tail };
    }
    if (!hasMoved) return current;
    current = await load(log, campaignId, signal);
  }
  return current;
};
