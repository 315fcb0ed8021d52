/** Binaries from the Go module proxy: pinned by version, checked against go.sum or Go's checksum database. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { cacheDir, type EnsureOptions, onPath, place } from './cache.ts';

const run = promisify(execFile);

/** A build is the guest of the machine it runs on: whatever else runs there goes first. */
const LOW_PRIORITY = ['-n', '19'];

export type GoSource =
  /** `package@version`, checked against the checksum database. */
  | { readonly kind: 'install'; readonly package: string; readonly version: string }
  /** A module of this repository, checked against its go.sum; its own program, or one of a module that it requires. */
  | { readonly kind: 'module'; readonly dir: string; readonly package?: string };

export interface GoBinary {
  /** For progress lines, with its version. */
  readonly label: string;
  readonly source: GoSource;
  readonly tags?: string;
  readonly ldflags?: string;
  /** Needs a C compiler and headers. */
  readonly cgo?: boolean;
  /** Of a build with an empty cache on two cores. */
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

/** What `go install` calls the file: the last part of the package's path that is not a major version. */
const installedName = (path: string): string => basename(path.replace(/\/v\d+$/, ''));

/** False when there is no Go here; rejects with what Go said when the build fails. */
export const buildWithGo = async (
  binary: GoBinary,
  target: string,
  { signal, progress }: EnsureOptions,
): Promise<boolean> => {
  const go = await onPath('go');
  if (go === undefined) return false;
  const startedAtMs = Date.now();
  progress(
    `building ${binary.label} with Go: about ${binary.estimateSeconds} s the first time, then cached in ${cacheDir()}`,
  );
  const scratch = await mkdtemp(join(tmpdir(), 'voucher-build-'));
  const ticker = setInterval(
    () =>
      progress(
        `still building ${binary.label}, ${Math.round((Date.now() - startedAtMs) / 1000)} of about ${binary.estimateSeconds} s`,
      ),
    10_000,
  );
  const { source } = binary;
  try {
    const nice = await onPath('nice');
    const output = join(scratch, source.kind === 'install' ? installedName(source.package) : 'out');
    const args = goArguments(binary, output);
    await run(nice ?? go, nice === undefined ? args : [...LOW_PRIORITY, go, ...args], {
      signal,
      ...(source.kind === 'module' ? { cwd: source.dir } : {}),
      env: { ...process.env, GOBIN: scratch, GOWORK: 'off', CGO_ENABLED: binary.cgo === true ? '1' : '0' },
      maxBuffer: 16 * 2 ** 20,
    });
    await place(output, target);
    return true;
  } finally {
    clearInterval(ticker);
    await rm(scratch, { recursive: true, force: true });
  }
};
