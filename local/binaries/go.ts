/** Builds binaries from the Go module proxy: pinned versions, checked against go.sum or Go's checksum database. */
import { execFile } from 'node:child_process';
import { mkdtempDisposable } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { cacheDir, type EnsureOptions, onPath, place } from './cache.ts';

const run = promisify(execFile);

/** All other work on the machine has priority over a build. */
const LOW_PRIORITY = ['-n', '19'];

type GoSource =
  /** `package@version`, checked against the checksum database. */
  | { readonly kind: 'install'; readonly package: string; readonly version: string }
  /** A module of this repository, checked against its go.sum: its program, or `package` of a module that it requires. */
  | { readonly kind: 'module'; readonly dir: string; readonly package?: string };

export interface GoBinary {
  readonly label: string;
  readonly source: GoSource;
  readonly tags?: string;
  readonly ldflags?: string;
  readonly cgo?: boolean;
  /** Build time with an empty cache on two cores. */
  readonly estimateSeconds: number;
}

const goArguments = ({ source, tags, ldflags }: GoBinary, output: string): readonly string[] => {
  const flags = [
    '-trimpath',
    '-buildvcs=false',
    ...(tags === undefined ? [] : ['-tags', tags]),
    '-ldflags',
    `-s -w ${ldflags ?? ''}`.trim(),
  ];
  return source.kind === 'install'
    ? ['install', ...flags, `${source.package}@${source.version}`]
    : ['build', ...flags, '-o', output, source.package ?? '.'];
};

/** The file name that `go install` uses: the last part of the package path that is not a major version. */
const installedName = (path: string): string => basename(path.replace(/\/v\d+$/, ''));

/** False without Go on this machine. @throws Error with Go's message when the build fails */
export const buildWithGo = async (
  binary: GoBinary,
  target: string,
  { signal, progress }: EnsureOptions,
): Promise<boolean> => {
  const go = await onPath('go');
  if (go === undefined) return false;
  const startedAtMs = Date.now();
  const { source, label, estimateSeconds } = binary;
  progress(`building ${label} with Go: about ${estimateSeconds} s the first time, then cached in ${cacheDir()}`);
  const elapsed = (): string => `${Math.round((Date.now() - startedAtMs) / 1000)} of about ${estimateSeconds} s`;
  const ticker = setInterval(() => progress(`still building ${label}, ${elapsed()}`), 10_000);
  await using scratch = await mkdtempDisposable(join(tmpdir(), 'voucher-build-'));
  try {
    const nice = await onPath('nice');
    const output = join(scratch.path, source.kind === 'install' ? installedName(source.package) : 'out');
    const args = goArguments(binary, output);
    await run(nice ?? go, nice === undefined ? args : [...LOW_PRIORITY, go, ...args], {
      signal,
      ...(source.kind === 'module' ? { cwd: source.dir } : {}),
      env: { ...process.env, GOBIN: scratch.path, GOWORK: 'off', CGO_ENABLED: binary.cgo === true ? '1' : '0' },
      maxBuffer: 16 * 2 ** 20,
    });
    await place(output, target);
    return true;
  } finally {
    clearInterval(ticker);
  }
};
