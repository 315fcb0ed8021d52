/**
 * One contingency level, one tick on. Pure: its trigger's state machine, and the command beside it.
 *
 *            seen there for heldFor               way back, or a person's "off"
 *   armed ───────────────────────────► triggered ─────────────────────────────► armed, or disarmed after "off"
 *
 * A person who stops a level whose metric is still above the threshold overrules the trigger: it is disarmed until the
 * metric was below the threshold.
 *
 * | metric               | trigger's time, way back's time | starts or ends |
 * |----------------------|---------------------------------|----------------|
 * | there, fresh         | runs on by what was watched     | when it is full |
 * | elsewhere, fresh     | starts again                    | no             |
 * | unknown, stale       | does not run; forgotten after a minute | no      |
 */

import { parseDurationMs } from '../../contract/duration.ts';
import type { ContingencyLevel } from '../../contract/types/contingency.ts';
import type { Command } from './commands.ts';

export interface LevelMemory {
  readonly sinceMs?: number;
  /** Put in force by its trigger: when, and by what value. */
  readonly triggered?: { readonly atMs: number; readonly value: number };
  /** For how long the metric was seen where it starts the level, or ends it; and when it was last seen there. */
  readonly held?: { readonly ms: number; readonly seenMs: number };
  /** A person ended it while its metric was still above the threshold. */
  readonly isDisarmed?: true;
}

interface LevelInput {
  readonly level: ContingencyLevel;
  readonly command: Command | undefined;
  /** Fresh; undefined: not known now. A yes-or-no metric is 1 or 0. */
  readonly value: number | undefined;
  /** Whether its trigger can start it: while registration is open, and one that pauses issuance also while vouchers are issued. */
  readonly isArmed: boolean;
  readonly memory: LevelMemory;
  readonly nowMs: number;
}

/** Ticks are a second apart, and one may be missed; a longer gap does not count, for its values are unknown. */
const STEP_MS = 3_000;
const FORGOTTEN_MS = 60_000;

const longer = (held: LevelMemory['held'], nowMs: number): NonNullable<LevelMemory['held']> => {
  const gapMs = held === undefined ? 0 : nowMs - held.seenMs;
  if (held === undefined || gapMs > FORGOTTEN_MS) return { ms: 0, seenMs: nowMs };
  return { ms: held.ms + (gapMs > STEP_MS ? 0 : Math.max(0, gapMs)), seenMs: nowMs };
};

type Machine = Omit<LevelMemory, 'sinceMs'>;

/**
 * | way back | ends when                                          |
 * |----------|----------------------------------------------------|
 * | Clear    | the metric was seen below `below` for `heldFor`    |
 * | After    | `after` has passed since it began                  |
 * | Command  | never by itself                                    |
 */
const inForce = ({ level: { back }, value, nowMs }: LevelInput, machine: Machine): Machine => {
  const { triggered } = machine;
  if (triggered === undefined || back === undefined) return machine;
  switch (back.when) {
    case 'Command':
      return { triggered };
    case 'After':
      return nowMs - triggered.atMs >= parseDurationMs(back.after ?? '0s') ? {} : { triggered };
    case 'Clear': {
      if (value === undefined) return machine;
      if (value >= (back.below ?? 1)) return { triggered };
      const held = longer(machine.held, nowMs);
      return held.ms >= parseDurationMs(back.heldFor ?? '0s') ? {} : { triggered, held };
    }
  }
};

const waiting = ({ level: { trigger }, value, isArmed, nowMs }: LevelInput, machine: Machine): Machine => {
  if (trigger === undefined) return {};
  const disarmed: Machine = machine.isDisarmed === true ? { isDisarmed: true } : {};
  if (value === undefined) return machine;
  if (value < (trigger.atLeast ?? 1)) return {};
  if (!isArmed || machine.isDisarmed === true) return disarmed;
  const held = longer(machine.held, nowMs);
  return held.ms >= parseDurationMs(trigger.heldFor) ? { triggered: { atMs: nowMs, value } } : { held };
};

/** Whether a person has ended what is in force; an "off" in the future also prevents what would begin before it. */
const isEndedByPerson = ({ command, memory, nowMs }: LevelInput): boolean =>
  command?.kind === 'off' && command.atMs >= (memory.sinceMs ?? nowMs);

export const isCommanded = ({ command, nowMs }: Pick<LevelInput, 'command' | 'nowMs'>): boolean =>
  command?.kind === 'on' && (command.untilMs === undefined || nowMs < command.untilMs);

/** @returns what to remember; the level is in force while `sinceMs` is there */
export const nextLevel = (input: LevelInput): LevelMemory => {
  const { memory, level, nowMs } = input;
  const { sinceMs, ...machine } = memory;
  const isCounted = level.trigger !== undefined;
  let next: Machine;
  if (isEndedByPerson(input)) next = isCounted ? waiting(input, { isDisarmed: true }) : {};
  else next = machine.triggered !== undefined && isCounted ? inForce(input, machine) : waiting(input, machine);
  const isInForce = isCommanded(input) || next.triggered !== undefined;
  return isInForce ? { sinceMs: sinceMs ?? nowMs, ...next } : next;
};
