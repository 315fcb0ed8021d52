import type { AuditLog } from '../../journal/trail.ts';
import { bringUpToDate, type KnownTrail } from '../../operator/audit/audit-writer.ts';
import { type AuditView, missingEntries } from '../../operator/audit/step-entries.ts';

/** A leader that sees these views one after the other, and repeats a view after a failure. */
export const writeHistory = async (
  log: AuditLog,
  campaignId: string,
  views: readonly AuditView[],
  onView: (view: number) => Promise<void> | void = () => undefined,
): Promise<{ readonly failures: number }> => {
  const never = new AbortController().signal;
  let known: KnownTrail | undefined;
  let failures = 0;
  for (const [n, view] of views.entries()) {
    await onView(n);
    for (let isDone = false; !isDone; ) {
      try {
        known = await bringUpToDate(log, campaignId, known, (trail) => missingEntries(view, trail), never);
        isDone = true;
      } catch {
        known = undefined;
        failures += 1;
      }
    }
  }
  return { failures };
};
