/** Shows something again and again: in place on a terminal, each news below the last on a pipe. */
import { isKubeError } from '../../operator/kube/errors.ts';
import { type Clock, systemClock } from '../../runtime/clock.ts';
import { sleep } from '../../runtime/sleep.ts';
import type { Io } from '../io.ts';
import { ENTER, frame, LEAVE } from '../terminal.ts';
import { span as seconds } from '../words.ts';
import { type Line, rendered, span } from './screen.ts';

/** Three small reads; the status itself is written every 5 s in a flood, and at once for a plan. */
const READ_EVERY_MS = 2_000;
/** Countdowns and ages go on while nobody answers. */
const DRAW_EVERY_MS = 1_000;
/** One answer may be late without a word about it. */
const LATE_AFTER_MS = 5_000;

export interface Watched<T> {
  /** One look. @param signal ends it */
  readonly read: (signal: AbortSignal) => Promise<T>;
  readonly lines: (value: T, look: { readonly columns: number; readonly nowMs: number }) => readonly Line[];
  /** On a pipe: a value is told when this differs from the last one told. */
  readonly newsOf: (value: T) => string;
  /** On a pipe. */
  readonly told: (value: T) => string;
}

interface Seen<T> {
  readonly value: T;
  readonly atMs: number;
  /** Why the looks since then brought nothing. */
  readonly failure: string | undefined;
}

const reasonOf = (error: unknown): string => {
  if (isKubeError(error, 'connection', 'timeout', 'server', 'throttled')) return 'the API server does not answer';
  return error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
};

/** What is shown is old: since when, and why. Undefined while it is not. */
export const staleness = (ageMs: number, failure: string | undefined): string | undefined =>
  ageMs < LATE_AFTER_MS
    ? undefined
    : `What follows is ${seconds(ageMs / 1000)} old: ${failure ?? 'the answer is late'}. Asked again every ${READ_EVERY_MS / 1000} s.`;

const FOOT = 'q or Ctrl-C ends';

/**
 * The first look must succeed: what is wrong with the call is told at once. Later ones may fail for as long as they like.
 * Ends when somebody interrupts it; then the last screen stays below the prompt, as the answer to the question.
 *
 * @throws what the first look throws
 */
export const watch = async <T>(
  { read, lines, newsOf, told }: Watched<T>,
  io: Io,
  clock: Clock = systemClock,
): Promise<void> => {
  const ended = new AbortController();
  io.interrupted?.addEventListener('abort', () => ended.abort(), { once: true });
  if (io.interrupted?.aborted === true) ended.abort();
  let seen: Seen<T> = { value: await read(ended.signal), atMs: clock.monotonicMs(), failure: undefined };

  const { terminal } = io;
  const screen = (columns: number): readonly Line[] => {
    const stale = staleness(clock.monotonicMs() - seen.atMs, seen.failure);
    return [
      ...(stale === undefined ? [] : [[span('! ', 'bad'), span(stale, 'bad')], []]),
      ...lines(seen.value, { columns, nowMs: io.wallMs() }),
    ];
  };
  const draw = (): void => {
    if (terminal === undefined || ended.signal.aborted) return;
    const { columns, rows } = terminal.size();
    const look = { columns, isColoured: terminal.isColoured };
    const shown = rendered([...screen(columns), [], [span(FOOT, 'soft')]], look);
    io.out(frame(shown, rows, (hidden) => `… ${hidden} more lines: enlarge the window`));
  };
  let news = '';
  const tell = (): void => {
    if (terminal !== undefined || newsOf(seen.value) === news) return;
    news = newsOf(seen.value);
    io.out(told(seen.value));
  };

  const looking = async (): Promise<void> => {
    while (!ended.signal.aborted) {
      await sleep(clock, READ_EVERY_MS, ended.signal);
      if (ended.signal.aborted) return;
      try {
        seen = { value: await read(ended.signal), atMs: clock.monotonicMs(), failure: undefined };
        tell();
      } catch (error) {
        seen = { ...seen, failure: reasonOf(error) };
      }
      draw();
    }
  };
  const drawing = async (): Promise<void> => {
    while (!ended.signal.aborted) {
      await sleep(clock, DRAW_EVERY_MS, ended.signal);
      draw();
    }
  };

  const taken = terminal?.take(draw);
  taken?.interrupted.addEventListener('abort', () => ended.abort(), { once: true });
  if (terminal !== undefined) io.out(ENTER);
  try {
    draw();
    tell();
    await Promise.all([looking(), drawing()]);
  } finally {
    taken?.giveBack();
    if (terminal !== undefined) {
      const { columns } = terminal.size();
      io.out(`${LEAVE}${rendered(screen(columns), { columns, isColoured: terminal.isColoured }).join('\n')}\n`);
    }
  }
};
