/** What the command line asks for. Pure. */
import { parseArgs } from 'node:util';
import { CONTESTANTS, CROWD_NAMES } from './contest.ts';
import type { Choice } from './schedule.ts';

export interface ContestOptions {
  readonly choice: Choice;
  /** No run begins later. */
  readonly minutes: number;
  readonly seed: number;
  /** What an earlier bench has measured is deleted. */
  readonly isFresh: boolean;
  /** The cluster stays up. */
  readonly keeps: boolean;
}

const namesOf = (flag: string, text: string, known: readonly string[]): readonly string[] => {
  const names = text.split(',');
  const wrong = names.find((name) => !known.includes(name));
  if (wrong !== undefined) throw new Error(`--${flag} ${wrong}: there is none of that name; use ${known.join(', ')}`);
  return names;
};

const positive = (flag: string, text: string): number => {
  const value = Number(text);
  if (!(value > 0)) throw new Error(`--${flag} ${text}: use a number above 0`);
  return value;
};

/** @throws Error that names the flag and what it takes */
export const readOptions = (args: readonly string[]): ContestOptions => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: 'string' },
      contestant: { type: 'string' },
      runs: { type: 'string' },
      minutes: { type: 'string' },
      seed: { type: 'string', default: '2020' },
      fresh: { type: 'boolean', default: false },
      keep: { type: 'boolean', default: false },
    },
  });
  const { only, contestant, runs, minutes, seed, fresh, keep } = values;
  return {
    choice: {
      ...(only === undefined ? {} : { crowds: namesOf('only', only, CROWD_NAMES) }),
      ...(contestant === undefined ? {} : { contestants: namesOf('contestant', contestant, CONTESTANTS) }),
      ...(runs === undefined ? {} : { runs: positive('runs', runs) }),
    },
    minutes: minutes === undefined ? Number.POSITIVE_INFINITY : positive('minutes', minutes),
    seed: positive('seed', seed),
    isFresh: fresh,
    keeps: keep,
  };
};
