/** A trail in words. Pure. */
import { linkOf } from '../../contract/hash-chain.ts';
import { instantMsOrNaN, parseInstant } from '../../contract/instant.ts';
import { type AuditEntry, type Authorized, parseAuditEntry } from '../../operator/audit/entry.ts';
import { ceilingsText, personText } from '../../operator/scale-plans/plan-state.ts';
import { clockOf, type Zone, zoneOf } from '../times.ts';
import { columns } from '../words.ts';
import type { TrailCheck } from './trail.ts';

const authorizedText = ({ ceilings, windows }: Authorized): string =>
  [
    ceilingsText(ceilings),
    ...windows.map((window) => `${ceilingsText(window.ceilings)} from ${window.from} until ${window.until}`),
  ].join('; ');

/** `paused` of `voucher-operator.io/paused`. */
const short = (annotation: string): string => annotation.slice(annotation.indexOf('/') + 1);

const withNote = (text: string, ...notes: readonly (string | undefined)[]): string => {
  const given = notes.filter((note) => note !== undefined);
  return given.length === 0 ? text : `${text} (${given.join('; ')})`;
};

const named = (label: string, text: string | undefined): string | undefined =>
  text === undefined ? undefined : `${label} ${text}`;

const whatOf = (entry: AuditEntry, at: (instant: string) => string): string => {
  switch (entry.step) {
    case 'campaign_created':
      return `campaign ${entry.namespace}/${entry.campaign} created; authorised: ${authorizedText(entry.authorized)}`;
    case 'campaign_opened':
      return 'campaign opened';
    case 'campaign_closed':
      return 'campaign closed';
    case 'campaign_deleted':
      return `campaign ${entry.namespace}/${entry.campaign} deleted`;
    case 'window_changed':
      return `window changed: ${at(entry.before.opensAt)} to ${at(entry.before.closesAt)} became ${at(entry.now.opensAt)} to ${at(entry.now.closesAt)}`;
    case 'authorized_changed':
      return `authorised ceilings ${entry.effect}: ${authorizedText(entry.before)} → ${authorizedText(entry.now)}`;
    case 'override_started':
      return `${short(entry.override)} set: ${entry.says}`;
    case 'override_ended':
      return `${short(entry.override)} ended: ${entry.how}`;
    case 'contingency_started': {
      const end = entry.until === undefined ? '' : ` until ${at(entry.until)}`;
      return withNote(`contingency level ${entry.level} in force${end}`, entry.reason);
    }
    case 'contingency_ended':
      return withNote(`contingency level ${entry.level} ${entry.how === 'over' ? 'ended' : 'stopped'}`, entry.reason);
    case 'issuance_started':
      return 'issuance of the vouchers started';
    case 'reconcile_ordered':
      return `winners and vouchers reconciled: ${entry.requests === 'all' ? 'every request' : `a sample of ${entry.requests} requests`}`;
    case 'channel_stopped':
      return withNote(`channel ${entry.channel} stopped`, entry.reason);
    case 'channel_resumed':
      return `channel ${entry.channel} resumed`;
    case 'person_erased': {
      const more = entry.receipts > 1 ? `, with ${entry.receipts - 1} more of the same person` : '';
      return withNote(`receipt ${entry.receipt} erased${more}`, entry.reason);
    }
    case 'destruction_ordered':
      return withNote('destruction of all personal data ordered', entry.reason);
    case 'personal_data_destroyed':
      return `all personal data destroyed; SHA-256 of the certificate: ${entry.certificate}`;
    case 'plan_proposed':
      return `plan ${entry.plan} asks for ${ceilingsText(entry.ceilings)} (${entry.reason}), open until ${at(entry.expiresAt)}`;
    case 'plan_approved':
      return withNote(
        `plan ${entry.plan} approved: ${ceilingsText(entry.ceilings)} until ${at(entry.until)}`,
        named('reference', entry.reference),
        entry.reason,
      );
    case 'plan_rejected':
      return withNote(`plan ${entry.plan} rejected`, named('reference', entry.reference), entry.reason);
    case 'plan_void':
      return withNote(`decision on plan ${entry.plan} came too late and grants nothing`, entry.reason);
    case 'plan_superseded':
      return `plan ${entry.plan} superseded by one that asks for more`;
    case 'plan_expired':
      return `plan ${entry.plan} expired without a decision`;
    case 'plan_deleted':
      return `plan ${entry.plan} deleted`;
    case 'grant_used':
      return `plan ${entry.plan} used: ${entry.tier} ${entry.from === undefined ? '' : `${entry.from} `}→ ${entry.to}, ceiling ${entry.ceiling}`;
    case 'grant_ended':
      return withNote(
        `grant of plan ${entry.plan} ended: ${entry.how === 'time' ? 'its time is over' : entry.how}`,
        named('reference', entry.reference),
        entry.reason,
      );
  }
};

/**
 * Who did it. Kubernetes keeps no name with a change of a campaign or a deletion; the API server's own audit log does.
 *
 * | step                                   | who                     |
 * |----------------------------------------|-------------------------|
 * | a decision, a revocation               | the user, and for whom  |
 * | a step of the operator or the calendar | operator, time          |
 * | anything else                          | not recorded            |
 */
const whoOf = (entry: AuditEntry): string => {
  switch (entry.step) {
    case 'plan_approved':
    case 'plan_rejected':
    case 'plan_void':
      return personText(entry.by, entry.onBehalfOf);
    case 'plan_proposed':
    case 'plan_superseded':
    case 'grant_used':
      return 'operator';
    case 'campaign_opened':
    case 'campaign_closed':
    case 'plan_expired':
      return 'time';
    case 'contingency_started':
      return entry.cause === 'Trigger' ? 'operator' : (entry.who ?? 'not recorded');
    case 'contingency_ended':
      return entry.how === 'over' ? 'operator' : (entry.who ?? 'not recorded');
    case 'issuance_started':
    case 'reconcile_ordered':
      return entry.by;
    case 'channel_stopped':
      return entry.cause === 'Command' ? (entry.who ?? 'not recorded') : 'operator';
    case 'person_erased':
      return entry.who;
    case 'destruction_ordered':
      return entry.cause === 'Date' ? 'time' : (entry.who ?? 'not recorded');
    case 'personal_data_destroyed':
      return 'operator';
    case 'grant_ended':
      if (entry.by !== undefined) return personText(entry.by, entry.onBehalfOf);
      return entry.how === 'time' ? 'time' : 'not recorded';
    case 'override_ended':
      return entry.how === 'expired' ? 'time' : 'not recorded';
    default:
      return 'not recorded';
  }
};

const verdictText = ({ entries, head, breaks }: TrailCheck): string =>
  breaks.length === 0
    ? `Complete: ${entries} entries, each with the hash of the one before. Note the head: with --head you can prove later that nothing was cut off:\n  ${head}\n`
    : `BROKEN in ${breaks.length} ${breaks.length === 1 ? 'place' : 'places'}:\n${breaks.map((one) => `  ${one}\n`).join('')}`;

interface Shown {
  readonly lines: readonly string[];
  readonly check: TrailCheck;
  readonly sinceMs?: number;
  readonly nowMs: number;
  readonly isWide?: boolean;
}

/** The time zone of a trail: that of its campaign's opening. */
export const zoneOfTrail = (lines: readonly string[]): Zone => {
  for (const line of lines) {
    const entry = parseAuditEntry(line);
    if (entry?.step === 'campaign_created') return zoneOf(entry.window.opensAt);
  }
  return zoneOf('');
};

export const isSince = (line: string, sinceMs: number | undefined): boolean => {
  const entry = parseAuditEntry(line);
  // What can't be read is always shown.
  return entry === undefined || sinceMs === undefined || !(instantMsOrNaN(entry.at) < sinceMs);
};

export const trailText = (campaignId: string, { lines, check, sinceMs, nowMs, isWide = false }: Shown): string => {
  const zone = zoneOfTrail(lines);
  const at = (instant: string): string => {
    const ms = parseInstant(instant);
    return ms === undefined ? instant : clockOf(ms, zone, nowMs);
  };
  const shown = lines.filter((line) => isSince(line, sinceMs));
  const rows = shown.map((line) => {
    const entry = parseAuditEntry(line);
    const [when, who, what] =
      entry === undefined
        ? ['?', '?', `unreadable: ${line.slice(0, 80)}`]
        : [at(entry.at), whoOf(entry), whatOf(entry, at)];
    return isWide ? [when, who, linkOf(line).hash, what] : [when, who, what];
  });
  const titles = isWide ? ['TIME', 'WHO', 'HASH', 'WHAT'] : ['TIME', 'WHO', 'WHAT'];
  const left = lines.length - shown.length;
  const earlier = left === 0 ? '' : `${left} earlier ${left === 1 ? 'entry is' : 'entries are'} not shown.\n`;
  return `Trail of ${campaignId}\n${columns([titles, ...rows])}${earlier}Times are UTC${zone.text}.\n${verdictText(check)}`;
};

/** For programs that need no proof: parsed entries, unreadable ones as their text. */
export const trailJson = (campaignId: string, { lines, check, sinceMs }: Shown): unknown => ({
  campaignId,
  ...check,
  trail: lines.filter((line) => isSince(line, sinceMs)).map((line) => parseAuditEntry(line) ?? line),
});
