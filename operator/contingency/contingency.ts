/**
 * Contingency levels: which are in force, since when, by whom and why, and what that means. Pure. Levels are what people
 * agreed on beforehand, so they count in every mode of scaling, paused or not.
 */

import type { VoucherCampaign } from '../../contract/campaign-types.ts';
import type { ContingencyLevel, ContingencyStatus, ContingencyTrigger } from '../../contract/contingency-types.ts';
import { parseDurationMs } from '../../contract/duration.ts';
import { instantMs } from '../../contract/instant.ts';
import type { Reading } from '../../contract/reading.ts';
import type { JournalState } from '../../journal/administration.ts';
import type { CampaignMemory, Observed } from '../tick/observed.ts';
import { SCALED_TIERS } from '../tick/observed.ts';
import { type Commands, commandsOf } from './commands.ts';
import { isCommanded, type LevelMemory, nextLevel } from './level.ts';
import { type ContingencyMemory, parseContingencyMemory } from './memory.ts';

export type Signal = ContingencyTrigger['signal'];
/** Undefined: nobody knows now. Signals that are so or not so are 1 and 0. */
export type ContingencySignals = Readonly<Record<Signal, number | undefined>>;

export interface LevelInForce {
  readonly level: ContingencyLevel;
  readonly status: ContingencyStatus;
}

/** What is in force, taken together. */
export interface Effects {
  readonly admissionPerSecond?: number;
  readonly admissionPercent?: number;
  readonly page?: NonNullable<ContingencyLevel['effect']['staticPage']> & Pick<ContingencyLevel, 'title'>;
}

export interface ContingencyOutcome {
  /** In the order of the spec. */
  readonly inForce: readonly LevelInForce[];
  readonly effects: Effects;
  readonly memory: ContingencyMemory;
  /** Effective closing, once it was extended. */
  readonly closesAtMs: number | undefined;
  /** Levels that wanted to extend the closing and came too late for it. */
  readonly tooLate: readonly string[];
  readonly unreadable: readonly string[];
  /** A trigger or a way back is counting: the next look is a second away. */
  readonly isCounting: boolean;
  /** Instants at which something ends. */
  readonly endsAtMs: readonly number[];
}

const fresh = <T>(reading: Reading<T> | undefined): T | undefined =>
  reading?.kind === 'fresh' ? reading.value : undefined;

/**
 * A signal that was not read in this tick is unknown; saturation is a verdict of the scaling law, which itself holds while
 * its signals are stale.
 */
const contingencySignals = (
  { readings, journal }: Pick<Observed, 'readings' | 'journal'>,
  memory: CampaignMemory,
): ContingencySignals => {
  const backlog = fresh(readings.backlog.records);
  return {
    OldestWaitSeconds: backlog?.messages === 0 ? 0 : backlog?.oldestSeconds,
    Backlog: backlog?.messages,
    ShedPercent: fresh(readings.shedPercent),
    DownstreamSaturated: SCALED_TIERS.some((tier) => memory[tier].saturation !== undefined) ? 1 : 0,
    JournalUnavailable: journal === undefined ? undefined : Number(takesNothing(journal)),
  };
};

/** Nothing is acknowledged, whether its servers say so or can't be asked. */
const takesNothing = (journal: JournalState): boolean =>
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
      ...(who === undefined ? {} : { who }),
      reason: reason ?? 'no reason was given',
      ...(untilMs === undefined ? {} : { until: instantText(untilMs) }),
    };
  }
  const { trigger, back } = level;
  const reason = trigger === undefined || triggered === undefined ? '' : triggerReason(trigger, triggered.value);
  const afterMs = back?.when === 'After' && back.after !== undefined ? parseDurationMs(back.after) : undefined;
  return {
    ...base,
    by: 'Trigger',
    reason,
    ...(afterMs === undefined || triggered === undefined ? {} : { until: instantText(triggered.atMs + afterMs) }),
  };
};

export const least = (values: readonly (number | undefined)[]): number | undefined => {
  const stated = values.filter((value) => value !== undefined);
  return stated.length === 0 ? undefined : Math.min(...stated);
};

/** The least admission and the page of the last level. */
const effectsOf = (inForce: readonly LevelInForce[]): Effects => {
  const admissionPerSecond = least(inForce.map(({ level }) => level.effect.admissionPerSecond));
  const admissionPercent = least(inForce.map(({ level }) => level.effect.admissionPercent));
  const last = inForce.findLast(({ level }) => level.effect.staticPage !== undefined)?.level;
  return {
    ...(admissionPerSecond === undefined ? {} : { admissionPerSecond }),
    ...(admissionPercent === undefined ? {} : { admissionPercent }),
    ...(last?.effect.staticPage === undefined ? {} : { page: { ...last.effect.staticPage, title: last.title } }),
  };
};

/**
 * Worked example: closes 22:00, a level adds 2 h at 21:50: closes 00:00. It ends at 21:55: still 00:00, citizens were
 * told. It comes again, or another adds 1 h: still 00:00. A level that comes at 00:01 changes nothing: the list of
 * registrations may be frozen from closing on, and nobody is let in after it.
 */
const closing = (
  statedMs: number,
  toldMs: number | undefined,
  inForce: readonly LevelInForce[],
  nowMs: number,
): Pick<ContingencyOutcome, 'closesAtMs' | 'tooLate'> => {
  const effectiveMs = Math.max(statedMs, toldMs ?? statedMs);
  const kept = toldMs === undefined ? undefined : effectiveMs;
  const extending = inForce.filter(({ level }) => level.effect.extendClosing !== undefined);
  if (nowMs >= effectiveMs) {
    const late = extending.filter(({ status }) => instantMs(status.since) >= effectiveMs);
    return { closesAtMs: kept, tooLate: late.map(({ level }) => level.name) };
  }
  const addedMs = Math.max(0, ...extending.map(({ level }) => parseDurationMs(level.effect.extendClosing ?? '0s')));
  return { closesAtMs: addedMs > 0 ? Math.max(effectiveMs, statedMs + addedMs) : kept, tooLate: [] };
};

export interface ContingencyInput {
  readonly campaign: VoucherCampaign;
  readonly observed: Pick<Observed, 'readings' | 'journal' | 'previous'>;
  /** Of the scaling law. */
  readonly memory: CampaignMemory;
  readonly nowMs: number;
}

export const contingencyOf = ({ campaign, observed, memory, nowMs }: ContingencyInput): ContingencyOutcome => {
  const { previous } = observed;
  const { window, contingency } = campaign.spec;
  const levels = contingency?.levels ?? [];
  const statedMs = instantMs(window.closesAt);
  const toldMs = previous?.closesAt === undefined ? undefined : instantMs(previous.closesAt);
  const isOpen = nowMs >= instantMs(window.opensAt) && nowMs < Math.max(statedMs, toldMs ?? statedMs);
  const commands = commandsOf(campaign);
  const signals = contingencySignals(observed, memory);
  const before = parseContingencyMemory(previous?.contingencyMemory);

  const after = new Map<string, LevelMemory>();
  const inForce: LevelInForce[] = [];
  for (const level of levels) {
    const command = commands.byLevel.get(level.name);
    const value = level.trigger === undefined ? undefined : signals[level.trigger.signal];
    const next = nextLevel({ level, command, value, isOpen, memory: before.get(level.name) ?? {}, nowMs });
    if (Object.keys(next).length > 0) after.set(level.name, next);
    if (next.sinceMs !== undefined) inForce.push({ level, status: statusOf(level, next, commands, nowMs) });
  }
  return {
    inForce,
    effects: effectsOf(inForce),
    memory: after,
    ...closing(statedMs, toldMs, inForce, nowMs),
    unreadable: commands.unreadable,
    isCounting: [...after.values()].some(({ held, triggered }) => held !== undefined || triggered !== undefined),
    endsAtMs: inForce.flatMap(({ status }) => (status.until === undefined ? [] : [instantMs(status.until)])),
  };
};

/** The campaign as it is in force: everything that decides by its closing sees the extended one. */
export const withClosing = (campaign: VoucherCampaign, closesAtMs: number | undefined): VoucherCampaign => {
  if (closesAtMs === undefined || closesAtMs <= instantMs(campaign.spec.window.closesAt)) return campaign;
  const window = { ...campaign.spec.window, closesAt: instantText(closesAtMs) };
  return { ...campaign, spec: { ...campaign.spec, window } };
};
