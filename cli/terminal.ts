/** The terminal of this process, and the control sequences that draw on it in place. */
import type { ReadStream, WriteStream } from 'node:tty';
import type { Terminal } from './io.ts';

const CSI = '\u001b[';
/** A separate screen, as `top` has: the shell's lines and its scrollback are kept (argo-rollouts#1199). */
export const ENTER = `${CSI}?1049h${CSI}?25l`;
export const LEAVE = `${CSI}?25h${CSI}?1049l`;
/** Terminals that support it show what is between at once; others ignore it. */
const [BEGIN, END] = [`${CSI}?2026h`, `${CSI}?2026l`];

/**
 * Draws over the old frame: no cell is cleared before it is written, so nothing flickers. Ends before the last column and
 * row would scroll; what does not fit is cut from the bottom, because the top matters most (argo-rollouts#1220).
 */
export const frame = (lines: readonly string[], rows: number, rest: (hidden: number) => string): string => {
  const shown = lines.length <= rows ? lines : [...lines.slice(0, rows - 1), rest(lines.length - rows + 1)];
  return `${BEGIN}${CSI}H${shown.map((line) => `${line}${CSI}K`).join('\r\n')}${CSI}J${END}`;
};

const CTRL_C = '\u0003';
const ENDS: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/** Undefined where the output is no terminal. https://no-color.org: every value but the empty one. */
export const processTerminal = (
  input: Partial<ReadStream> & NodeJS.ReadStream,
  output: WriteStream | NodeJS.WriteStream,
  env: NodeJS.ProcessEnv,
): Terminal | undefined => {
  if (!output.isTTY || env['TERM'] === 'dumb') return undefined;
  return {
    size: () => ({ columns: output.columns, rows: output.rows }),
    isColoured: (env['NO_COLOR'] ?? '') === '',
    take(onResize) {
      const ended = new AbortController();
      const end = (): void => ended.abort();
      const onKeys = (keys: Buffer): void => {
        const text = keys.toString();
        if (text.includes(CTRL_C) || text === 'q') end();
      };
      const takesKeys = input.isTTY === true;
      if (takesKeys) {
        input.setRawMode(true);
        input.on('data', onKeys);
        input.resume();
      }
      output.on('resize', onResize);
      for (const name of ENDS) process.on(name, end);
      return {
        interrupted: ended.signal,
        giveBack() {
          for (const name of ENDS) process.off(name, end);
          output.off('resize', onResize);
          if (!takesKeys) return;
          input.off('data', onKeys);
          input.setRawMode(false);
          input.pause();
        },
      };
    },
  };
};
