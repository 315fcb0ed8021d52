/** Shows a value repeatedly: in place on a terminal, each change below the last on a pipe. */
import { isKubeError } from '../../operator/kube/errors.ts';
import { type Clock, systemClock } from '../../runtime/clock.ts';
import { sleep } from '../../runtime/sleep.ts';
import type { Io } from '../io.ts';
import { ENTER, frame, LEAVE } from '../terminal.ts';
import { span as seconds } from '../words.ts';
import { type Line, rendered, span } from './screen.ts';

/** Three small reads; the status itself is written every 5 s under load, and at once for a plan. */
const READ_EVERY_MS = 2_000;
/** Countdowns and ages are updated also without an answer. */
const DRAW_EVERY_MS = 1_000;
/** A slightly late answer is not reported. */
const LATE_AFTER_MS = 5_000;

interface Watched<T> {
  readonly read: (signal: AbortSignal) => Promise<T>;
  readonly lines: (value: T, look: { readonly columns: number; readonly nowMs: number }) => readonly Line[];
  /** On a pipe a value is printed when this differs from the last one printed. */
  readonly newsOf: (value: T) => string;
  readonly textOf: (value: T) => string;
}

interface Seen<T> {
  readonly value: T;
  readonly atMs: number;
  /** Why the reads since then failed. */
  readonly failure: string | undefined;
}

/** Why a read failed, in one line. */
export const reasonOf = (error: unknown): string => {
  if (isKubeError(error, 'connection', 'timeout', 'server', 'throttled')) return 'the API server does not answer';
  return error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
};

/** The age and cause of an out-of-date screen. Undefined while it is current. */
export const staleness = (ageMs: number, failure: string | undefined): string | undefined =>
  ageMs < LATE_AFTER_MS
    ? undefined
    : `This is ${seconds(ageMs / 1000)} old: ${failure ?? 'the answer is late'}. Retrying every ${READ_EVERY_MS / 1000} s.`;

const FOOT = 'q or Ctrl-C to quit';

/**
 * The first read must succeed, so that a wrong call fails at once. Later ones may fail for any time. Ends when it is
 * interrupted; then the last screen is printed below the prompt.
 * @throws what the first read throws
 */
export const watch = async <T>(
  { read, lines, newsOf, textOf }: Watched<T>,
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
  const print = (): void => {
    if (terminal !== undefined || newsOf(seen.value) === news) return;
    news = newsOf(seen.value);
    io.out(textOf(seen.value));
  };

  const looking = async (): Promise<void> => {
    while (!ended.signal.aborted) {
      await sleep(clock, READ_EVERY_MS, ended.signal);
      if (ended.signal.aborted) return;
      try {
        seen = { value: await read(ended.signal), atMs: clock.monotonicMs(), failure: undefined };
        print();
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
    print();
    await Promise.all([looking(), drawing()]);
  } finally {
    taken?.giveBack();
    if (terminal !== undefined) {
      const { columns } = terminal.size();
      io.out(`${LEAVE}${rendered(screen(columns), { columns, isColoured: terminal.isColoured }).join('\n')}\n`);
    }
  }
};
