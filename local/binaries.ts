/**
 * A nats-server for the embedded mode, from the first place that has one: NATS_SERVER_BIN, the cache, the PATH, the
 * upstream release (checksums verified), the Go module proxy (checksums from the Go checksum database).
 */
import { execFile } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { access, chmod, copyFile, link, mkdir, mkdtemp, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';

export const NATS_VERSION = '2.15.2';
/** The first that syncs replicated streams at a bearable price; research/datalayer.md §3. */
const LEAST_MINOR = 15;

const run = promisify(execFile);

export interface EnsureOptions {
  readonly signal: AbortSignal;
  readonly progress: (line: string) => void;
}

export const cacheDir = (): string =>
  join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'voucher-operator', 'bin');

const isExecutable = (path: string): Promise<boolean> =>
  access(path, constants.X_OK).then(
    () => true,
    () => false,
  );

/** `2.15` and later answer to what this project asks of a journal. */
const isRecentEnough = async (path: string): Promise<boolean> => {
  try {
    const { stdout } = await run(path, ['--version'], { timeout: 5_000 });
    const [, major, minor] = /v(\d+)\.(\d+)\./.exec(stdout) ?? [];
    return Number(major) > 2 || (Number(major) === 2 && Number(minor) >= LEAST_MINOR);
  } catch {
    return false;
  }
};

const onPath = async (name: string): Promise<string | undefined> => {
  for (const dir of (process.env['PATH'] ?? '').split(delimiter)) {
    const path = join(dir, name);
    if (dir !== '' && (await isExecutable(path))) return path;
  }
  return undefined;
};

const RELEASES = `https://github.com/nats-io/nats-server/releases/download/v${NATS_VERSION}`;
const ARCH: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };

/** Undefined when this machine can't reach the release or there is none for it; rejects on a wrong checksum. */
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
  if (actual !== expected) throw new Error(`${name}.tar.gz has SHA-256 ${actual}, the release says ${expected}`);
  const scratch = await mkdtemp(join(tmpdir(), 'voucher-nats-'));
  try {
    await writeFile(join(scratch, 'release.tar.gz'), bytes);
    await run('tar', ['-xzf', 'release.tar.gz', `${name}/nats-server`], { cwd: scratch });
    await place(join(scratch, name, 'nats-server'), target);
    return true;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
};

/** Into the cache in one step: whoever looks meanwhile sees the whole file or none. */
const place = async (from: string, target: string): Promise<void> => {
  const beside = `${target}.${process.pid}`;
  await copyFile(from, beside);
  await chmod(beside, 0o755);
  await rename(beside, target);
};

const build = async (target: string, { signal, progress }: EnsureOptions): Promise<boolean> => {
  const go = await onPath('go');
  if (go === undefined) return false;
  const startedAtMs = Date.now();
  progress(`building nats-server ${NATS_VERSION} with Go: about 35 s the first time, then cached in ${cacheDir()}`);
  const scratch = await mkdtemp(join(tmpdir(), 'voucher-nats-'));
  const ticker = setInterval(
    () => progress(`still building nats-server, ${Math.round((Date.now() - startedAtMs) / 1000)} s`),
    10_000,
  );
  try {
    await run(go, ['install', '-trimpath', '-ldflags', '-s -w', `github.com/nats-io/nats-server/v2@v${NATS_VERSION}`], {
      signal,
      env: { ...process.env, GOBIN: scratch, CGO_ENABLED: '0' },
      maxBuffer: 16 * 2 ** 20,
    });
    await place(join(scratch, 'nats-server'), target);
    return true;
  } finally {
    clearInterval(ticker);
    await rm(scratch, { recursive: true, force: true });
  }
};

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: alive, and somebody else's.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
};

/** A builder that was killed leaves its lock behind: nobody waits for the dead. */
const isHeld = async (file: string): Promise<boolean> => {
  const pid = Number(await readFile(file, 'utf8').catch(() => ''));
  return pid > 0 ? isAlive(pid) : (await stat(file).catch(() => undefined)) === undefined;
};

/** One builder at a time on this machine; the others wait and find the result. */
const locked = async <T>(file: string, { signal, progress }: EnsureOptions, work: () => Promise<T>): Promise<T> => {
  // The lock appears with its owner's pid in it, by a link that fails when there is one.
  const mine = `${file}.${process.pid}.${randomUUID()}`;
  await writeFile(mine, `${process.pid}`);
  try {
    for (let waited = 0; ; waited += 1) {
      signal.throwIfAborted();
      try {
        await link(mine, file);
        break;
      } catch {
        if (waited === 0) progress('another process is fetching nats-server; waiting for it');
        if (!(await isHeld(file))) await rm(file, { force: true });
        await delay(250, undefined, { signal });
      }
    }
    return await work().finally(() => rm(file, { force: true }));
  } finally {
    await rm(mine, { force: true });
  }
};

/** What is in the place may be torn or for another machine (a home folder that is shared): it must run to count. */
const usable = async (path: string): Promise<boolean> => (await isExecutable(path)) && (await isRecentEnough(path));

/** Path of an executable nats-server ≥ 2.15. @throws Error that names the ways out */
export const ensureNatsServer = async (options: EnsureOptions): Promise<string> => {
  const given = process.env['NATS_SERVER_BIN'];
  if (given !== undefined) {
    if (await isRecentEnough(given)) return given;
    throw new Error(`NATS_SERVER_BIN=${given} is no nats-server ${NATS_VERSION} or later; unset it or name another`);
  }
  const cached = join(cacheDir(), `nats-server-v${NATS_VERSION}`);
  if (await usable(cached)) return cached;
  const found = await onPath('nats-server');
  if (found !== undefined && (await isRecentEnough(found))) return found;
  await mkdir(cacheDir(), { recursive: true });
  let cause: unknown;
  const isThere = await locked(`${cached}.lock`, options, async () => {
    if (await usable(cached)) return true;
    return (await download(cached, options)) || (await build(cached, options));
  }).catch((error: unknown) => {
    options.signal.throwIfAborted();
    cause = error;
    return false;
  });
  if (isThere) return cached;
  throw new Error(
    `no nats-server ${NATS_VERSION} here. Any of these helps: install Go (it is then built from its module), let this machine reach github.com, or put a nats-server ≥ 2.15 on the PATH or into NATS_SERVER_BIN.`,
    { cause },
  );
};
