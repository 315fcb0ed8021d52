/** Which contingency levels are in force, and their effect. Agreed on beforehand, they count in every mode. Pure. */

import { defined } from '../../contract/defined.ts';
import { parseDurationMs } from '../../contract/duration.ts';
import { instantMs } from '../../contract/instant.ts';
import type { Reading } from '../../contract/reading.ts';
import { TIERS } from '../../contract/tiers.ts';
import type { VoucherCampaign } from '../../contract/types/campaign.ts';
import type { ContingencyLevel, ContingencyStatus, ContingencyTrigger } from '../../contract/types/contingency.ts';
import type { JournalState } from '../../journal/administration.ts';
import { issuanceStartedAt } from '../issuance/issuance-request.ts';
import type { CampaignMemory, Observed } from '../tick/observed.ts';
import { type Commands, commandsOf } from './commands.ts';
import { isCommanded, type LevelMemory, nextLevel } from './level.ts';
import { type ContingencyMemory, parseContingencyMemory } from './memory.ts';

type Signal = ContingencyTrigger['signal'];
/** Undefined: not known now. A yes-or-no metric is 1 or 0. */
type ContingencySignals = Readonly<Record<Signal, number | undefined>>;

export interface LevelInForce {
  readonly level: ContingencyLevel;
  readonly status: ContingencyStatus;
}

export interface Effects {
  readonly admissionPerSecond?: number;
  readonly admissionPercent?: number;
  readonly page?: NonNullable<ContingencyLevel['effect']['staticPage']> & Pick<ContingencyLevel, 'title'>;
  /** No channel is asked for a voucher. Absent: they are. */
  readonly isIssuancePaused?: true;
  /** The waiting room gives no new tickets. Absent: it does. */
  readonly isQueueClosed?: true;
}

export interface ContingencyOutcome {
  readonly inForce: readonly LevelInForce[];
  readonly effects: Effects;
  readonly memory: ContingencyMemory;
  /** Effective closing, once it was extended. */
  readonly closesAtMs: number | undefined;
  /** Levels that were to extend the closing, but began after it. */
  readonly tooLate: readonly string[];
  readonly unreadable: readonly string[];
  /** A trigger's or a way back's time is running: the next tick is a second away. */
  readonly isCounting: boolean;
  readonly endsAtMs: readonly number[];
}

const fresh = <T>(reading: Reading<T> | undefined): T | undefined =>
  reading?.kind === 'fresh' ? reading.value : undefined;

/** A metric that was not read in this tick is unknown; saturation is a verdict of the scaling law, which handles old metrics itself. */
const contingencySignals = (
  { readings, journal }: Pick<Observed, 'readings' | 'journal'>,
  memory: CampaignMemory,
): ContingencySignals => {
  const backlog = fresh(readings.backlog.records);
  return {
    OldestWaitSeconds: backlog?.messages === 0 ? 0 : backlog?.oldestSeconds,
    Backlog: backlog?.messages,
    ShedPercent: fresh(readings.shedPercent),
    DownstreamSaturated: Number(TIERS.some((tier) => memory[tier].saturation !== undefined)),
    JournalUnavailable: journal === undefined ? undefined : Number(acknowledgesNothing(journal)),
  };
};

export const acknowledgesNothing = (journal: JournalState): boolean =>
  journal.kind === 'unavailable' ||
  (journal.kind === 'ready' && (journal.faults ?? []).some(({ kind }) => kind === 'quorumLost'));

const isSwitch = ({ atLeast }: ContingencyTrigger): boolean => atLeast === undefined;

/** `OldestWaitSeconds was 131, at least 120, for 30s`. */
const triggerReason = (trigger: ContingencyTrigger, value: number): string =>
  isSwitch(trigger)
    ? `${trigger.signal} for ${trigger.heldFor}`
    : `${trigger.signal} was ${Math.round(value)}, at least ${trigger.atLeast}, for ${trigger.heldFor}`;

const instantText = (ms: number): string => new Date(ms).toISOString();

const statusOf = (
  level: ContingencyLevel,
  { sinceMs = 0, triggered }: LevelMemory,
  { byLevel }: Commands,
  nowMs: number,
): ContingencyStatus => {
  const command = byLevel.get(level.name);
  const base = { name: level.name, since: instantText(sinceMs) };
  if (command?.kind === 'on' && isCommanded({ command, nowMs })) {
    const { who, reason, untilMs } = command;
    return {
      ...base,
      by: 'Command',
      ...defined({ who }),
      reason: reason ?? 'no reason was given',
      ...(untilMs === undefined ? {} : { until: instantText(untilMs) }),
    };
  }
  const { trigger, back } = level;
  const reason = trigger === undefined || triggered === undefined ? '' : triggerReason(trigger, triggered.value);
  const isTimed = back?.when === 'After' && back.after !== undefined && triggered !== undefined;
  return {
    ...base,
    by: 'Trigger',
    reason,
    ...(isTimed ? { until: instantText(triggered.atMs + parseDurationMs(back.after)) } : {}),
  };
};

export const least = (values: readonly (number | undefined)[]): number | undefined => {
  const stated = values.filter((value) => value !== undefined);
  return stated.length === 0 ? undefined : Math.min(...stated);
};

/** The least admission and the page of the last level. */
const effectsOf = (inForce: readonly LevelInForce[]): Effects => {
  const last = inForce.findLast(({ level }) => level.effect.staticPage !== undefined)?.level;
  return defined({
    admissionPerSecond: least(inForce.map(({ level }) => level.effect.admissionPerSecond)),
    admissionPercent: least(inForce.map(({ level }) => level.effect.admissionPercent)),
    page: last?.effect.staticPage && { ...last.effect.staticPage, title: last.title },
    isIssuancePaused: inForce.some(({ level }) => level.effect.pauseIssuance === true) ? (true as const) : undefined,
    isQueueClosed: inForce.some(({ level }) => level.effect.closeQueue === true) ? (true as const) : undefined,
  });
};

/**
 * Closes 22:00, a level adds 2 h at 21:50: closes 00:00. It ends at 21:55: still 00:00, as announced to citizens. It
 * begins again, or another adds 1 h: still 00:00. A level that begins at 00:01 changes nothing: the list of
 * registrations may be final from closing on.
 */
const closing = (
  statedMs: number,
  announcedMs: number | undefined,
  inForce: readonly LevelInForce[],
  nowMs: number,
): Pick<ContingencyOutcome, 'closesAtMs' | 'tooLate'> => {
  const effectiveMs = Math.max(statedMs, announcedMs ?? statedMs);
  const kept = announcedMs === undefined ? undefined : effectiveMs;
  const extending = inForce.filter(({ level }) => level.effect.extendClosing !== undefined);
  if (nowMs >= effectiveMs) {
    const late = extending.filter(({ status }) => instantMs(status.since) >= effectiveMs);
    return { closesAtMs: kept, tooLate: late.map(({ level }) => level.name) };
  }
  const addedMs = Math.max(0, ...extending.map(({ level }) => parseDurationMs(level.effect.extendClosing ?? '0s')));
  return { closesAtMs: addedMs > 0 ? Math.max(effectiveMs, statedMs + addedMs) : kept, tooLate: [] };
};

interface ContingencyInput {
  readonly campaign: VoucherCampaign;
  readonly observed: Pick<Observed, 'readings' | 'journal' | 'previous' | 'issuance'>;
  readonly memory: CampaignMemory;
  readonly nowMs: number;
}

export const contingencyOf = ({ campaign, observed, memory, nowMs }: ContingencyInput): ContingencyOutcome => {
  const { previous } = observed;
  const { window, contingency } = campaign.spec;
  const levels = contingency?.levels ?? [];
  const statedMs = instantMs(window.closesAt);
  const announcedMs = previous?.closesAt === undefined ? undefined : instantMs(previous.closesAt);
  const isOpen = nowMs >= instantMs(window.opensAt) && nowMs < Math.max(statedMs, announcedMs ?? statedMs);
  const isIssuing = issuanceStartedAt(observed) !== undefined;
  const commands = commandsOf(campaign);
  const signals = contingencySignals(observed, memory);
  const before = parseContingencyMemory(previous?.contingencyMemory);

  const after = new Map<string, LevelMemory>();
  const inForce: LevelInForce[] = [];
  for (const level of levels) {
    const command = commands.byLevel.get(level.name);
    const value = level.trigger === undefined ? undefined : signals[level.trigger.signal];
    const isArmed = isOpen || (isIssuing && level.effect.pauseIssuance === true);
    const next = nextLevel({ level, command, value, isArmed, memory: before.get(level.name) ?? {}, nowMs });
    if (Object.keys(next).length > 0) after.set(level.name, next);
    if (next.sinceMs !== undefined) inForce.push({ level, status: statusOf(level, next, commands, nowMs) });
  }
  return {
    inForce,
    effects: effectsOf(inForce),
    memory: after,
    ...closing(statedMs, announcedMs, inForce, nowMs),
    unreadable: commands.unreadable,
    isCounting: [...after.values()].some(({ held, triggered }) => held !== undefined || triggered !== undefined),
    endsAtMs: inForce.flatMap(({ status }) => (status.until === undefined ? [] : [instantMs(status.until)])),
  };
};

/** The campaign with its extended closing, for everything that depends on it. */
export const withClosing = (campaign: VoucherCampaign, closesAtMs: number | undefined): VoucherCampaign => {
  if (closesAtMs === undefined || closesAtMs <= instantMs(campaign.spec.window.closesAt)) return campaign;
  const window = { ...campaign.spec.window, closesAt: instantText(closesAtMs) };
  return { ...campaign, spec: { ...campaign.spec, window } };
};
