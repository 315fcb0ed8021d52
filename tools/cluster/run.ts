/** Runs commands of the host to their end; errors contain their output. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const execFileAsync = promisify(execFile);

interface RunOptions {
  readonly signal?: AbortSignal;
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** Standard input; default: empty. */
  readonly input?: string;
}

/** Returns the standard output. @throws Error with the command line and the standard error */
export const run = async (command: string, args: readonly string[], options: RunOptions = {}): Promise<string> => {
  const { input, ...rest } = options;
  try {
    const running = execFileAsync(command, args, { ...rest, maxBuffer: 64 * 2 ** 20 });
    // A command that does not read its input reports errors by its exit code, not by our broken pipe.
    running.child.stdin?.once('error', () => undefined).end(input);
    return (await running).stdout;
  } catch (error) {
    options.signal?.throwIfAborted();
    const said = error instanceof Error && 'stderr' in error && typeof error.stderr === 'string' ? error.stderr : '';
    throw new Error(`${command} ${args.join(' ')} failed: ${said.trim() || String(error)}`, { cause: error });
  }
};

export const succeeds = (command: string, args: readonly string[]): Promise<boolean> =>
  run(command, args).then(
    () => true,
    () => false,
  );
