/** A terminal that a test types into and looks at. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface Tmux {
  resize(columns: number, rows: number): Promise<void>;
  type(...keys: readonly string[]): Promise<void>;
  /** What is on the screen, with its colours or without. */
  screen(withColours?: boolean): Promise<string>;
  /** Whether the cursor is shown, and whether a screen of its own covers the shell's. */
  state(): Promise<{ readonly hasCursor: boolean; readonly isAlternate: boolean }>;
  stop(): Promise<void>;
}

export const hasTmux = (): Promise<boolean> =>
  run('tmux', ['-V']).then(
    () => true,
    () => false,
  );

/** A shell without a prompt of anybody's taste. */
export const startTmux = async (env: Readonly<Record<string, string>>, cwd: string): Promise<Tmux> => {
  const socket = `voucher-${process.pid}`;
  const tmux = async (...args: readonly string[]): Promise<string> =>
    (await run('tmux', ['-u', '-L', socket, '-f', '/dev/null', ...args], { cwd, env: { ...process.env, ...env } }))
      .stdout;
  await tmux('new-session', '-d', '-x', '110', '-y', '34', 'env', 'PS1=$ ', 'sh');
  return {
    resize: async (columns, rows) => void (await tmux('resize-window', '-x', String(columns), '-y', String(rows))),
    type: async (...keys) => void (await tmux('send-keys', ...keys)),
    screen: (withColours = false) => tmux('capture-pane', '-p', ...(withColours ? ['-e'] : [])),
    async state() {
      const [cursor, alternate] = (await tmux('display-message', '-p', '#{cursor_flag} #{alternate_on}'))
        .trim()
        .split(' ');
      return { hasCursor: cursor === '1', isAlternate: alternate === '1' };
    },
    stop: async () => void (await tmux('kill-server').catch(() => undefined)),
  };
};
