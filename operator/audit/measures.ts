/** The trail's entries about temporary measures: overrides and contingency levels. Pure. */

import { defined } from '../../contract/defined.ts';
import { instantMs } from '../../contract/instant.ts';
import { OVERRIDES } from '../../contract/names.ts';
import type { VoucherCampaign } from '../../contract/types/campaign.ts';
import type { ContingencyStatus } from '../../contract/types/contingency.ts';
import { commandsOf } from '../contingency/commands.ts';
import { overridesOf } from '../contingency/overrides.ts';
import type { AuditEntry } from './entry.ts';
import type { AuditHead } from './plan-entries.ts';
import type { Trail, TrailedCampaign } from './trail-state.ts';

export const overrideEntries = (
  campaign: VoucherCampaign,
  known: TrailedCampaign | undefined,
  head: AuditHead & { readonly noted: string },
  trail: Trail,
  nowMs: number,
): readonly AuditEntry[] => {
  const { annotations = {} } = campaign.metadata;
  return Object.values(OVERRIDES).flatMap((override): AuditEntry[] => {
    const value = annotations[override];
    const alone = value === undefined ? {} : { [override]: value };
    const [says] = overridesOf({ ...campaign, metadata: { ...campaign.metadata, annotations: alone } }, nowMs).inForce;
    const inForce = says === undefined ? undefined : value;
    const before = known?.overrides[override];
    if (before === inForce) return [];
    const about = { ...head, at: head.noted, override };
    const how = value === before ? 'expired' : value === undefined ? 'removed' : 'replaced';
    const ended = (was: string): AuditEntry => {
      const id = trail.next(`${head.uid}/${override}-ended`);
      return { ...about, id, step: 'override_ended', value: was, how };
    };
    const started = (now: string): AuditEntry => {
      const id = trail.next(`${head.uid}/${override}-started`);
      return { ...about, id, step: 'override_started', value: now, says: says ?? '' };
    };
    return [...(before === undefined ? [] : [ended(before)]), ...(inForce === undefined ? [] : [started(inForce)])];
  });
};

/** A level that has ended and begun again between two ticks has another `since`: both are noted. */
export const levelEntries = (
  campaign: VoucherCampaign,
  inForce: readonly ContingencyStatus[],
  known: TrailedCampaign['levels'],
  head: AuditHead & { readonly noted: string },
  trail: Trail,
): readonly AuditEntry[] => {
  const ended = Object.entries(known).filter(
    ([level, since]) => !inForce.some((now) => now.name === level && now.since === since),
  );
  const { byLevel } = commandsOf(campaign);
  const started = inForce.filter(({ name, since }) => known[name] !== since);
  return [
    ...ended.map(([level, since]): AuditEntry => {
      const command = byLevel.get(level);
      // A command of an earlier time ended an earlier period.
      const stopped = command?.kind === 'off' && command.atMs >= instantMs(since) ? command : undefined;
      const { who, reason } = stopped ?? {};
      return {
        ...head,
        id: trail.next(`${head.uid}/${level}-contingency-ended`),
        at: head.noted,
        step: 'contingency_ended',
        level,
        since,
        how: stopped === undefined ? 'over' : 'stopped',
        ...defined({ who, reason }),
      };
    }),
    ...started.map(({ name: level, since, by: cause, who, reason, until }) => ({
      ...head,
      id: trail.next(`${head.uid}/${level}-contingency-started`),
      at: since,
      step: 'contingency_started' as const,
      level,
      since,
      cause,
      reason,
      ...defined({ who, until }),
    })),
  ];
};
