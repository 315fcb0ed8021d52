/** Commands of the host that finish by themselves, with an error that shows what they said. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const execFileAsync = promisify(execFile);

export interface RunOptions {
  readonly signal?: AbortSignal;
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** For its standard input, which is empty otherwise. */
  readonly input?: string;
}

/** What the command wrote to its standard output. @throws Error with the command line and its standard error */
export const run = async (command: string, args: readonly string[], options: RunOptions = {}): Promise<string> => {
  const { input, ...rest } = options;
  try {
    const running = execFileAsync(command, args, { ...rest, maxBuffer: 64 * 2 ** 20 });
    // A command that ends without reading says so with its exit code, not with our broken pipe.
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
