/** Where a nats-server comes from, with a Go that only pretends and a network that is not there. */
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { cacheDir, ensureNatsServer, NATS_VERSION } from '../../../local/binaries.ts';

const before = { ...process.env };
const beforeFetch = globalThis.fetch;
let dir: string;
const options = { signal: new AbortController().signal, progress: (): void => undefined };

/** A nats-server of which only the version is true. */
const pretend = (version: string): string => `#!/bin/sh\necho "nats-server: v${version}"\n`;

const place = async (path: string, text: string): Promise<string> => {
  await writeFile(path, text);
  await chmod(path, 0o755);
  return path;
};

/** `go install` that takes a moment, counts itself and leaves what it would have built in GOBIN. */
const placeGo = (outcome: 'builds' | 'fails'): Promise<string> => {
  const built = pretend(NATS_VERSION).replaceAll('\n', '\\n').replaceAll('"', '\\"');
  const work =
    outcome === 'fails'
      ? 'echo "module lookup disabled" >&2; exit 1'
      : `sleep 0.3; printf "${built}" > "$GOBIN/nats-server"; chmod +x "$GOBIN/nats-server"`;
  return place(join(dir, 'bin', 'go'), `#!/bin/sh\necho built >> ${join(dir, 'count')}\n${work}\n`);
};

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'voucher-binaries-'));
  await mkdir(join(dir, 'bin'));
  process.env['XDG_CACHE_HOME'] = join(dir, 'cache');
  process.env['PATH'] = `${join(dir, 'bin')}:/usr/bin:/bin`;
  delete process.env['NATS_SERVER_BIN'];
  globalThis.fetch = () => Promise.reject(new Error('no network'));
});
afterEach(async () => {
  for (const name of ['XDG_CACHE_HOME', 'PATH', 'NATS_SERVER_BIN']) {
    const value = before[name];
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
  globalThis.fetch = beforeFetch;
  await rm(dir, { recursive: true, force: true });
});

describe('a nats-server', () => {
  it('is built once for all who ask at the same time, and cached', async () => {
    await placeGo('builds');
    const cached = join(cacheDir(), `nats-server-v${NATS_VERSION}`);
    const paths = await Promise.all([1, 2, 3].map(() => ensureNatsServer(options)));
    expect(paths).toEqual([cached, cached, cached]);
    expect(await ensureNatsServer(options)).toBe(cached);
    expect(await readFile(join(dir, 'count'), 'utf8')).toBe('built\n');
  });

  it('is built although a builder that was killed left its lock behind', async () => {
    await placeGo('builds');
    await mkdir(cacheDir(), { recursive: true });
    // No process has this number: it is above the kernel's largest.
    await writeFile(join(cacheDir(), `nats-server-v${NATS_VERSION}.lock`), '4194305');
    expect(await ensureNatsServer(options)).toContain(cacheDir());
  });

  it('is taken from the PATH when it is recent enough', async () => {
    const found = await place(join(dir, 'bin', 'nats-server'), pretend('2.16.0'));
    expect(await ensureNatsServer(options)).toBe(found);
  });

  it('is not taken from the PATH when it acknowledges before it syncs at a bearable price', async () => {
    await place(join(dir, 'bin', 'nats-server'), pretend('2.9.10'));
    await placeGo('builds');
    expect(await ensureNatsServer(options)).toContain(cacheDir());
  });

  it('is not taken from a cache that holds something else', async () => {
    await placeGo('builds');
    await mkdir(cacheDir(), { recursive: true });
    await place(join(cacheDir(), `nats-server-v${NATS_VERSION}`), 'torn');
    await ensureNatsServer(options);
    expect(await readFile(join(dir, 'count'), 'utf8')).toBe('built\n');
  });

  it('that is named but none is refused by name', async () => {
    process.env['NATS_SERVER_BIN'] = '/bin/true';
    await expect(ensureNatsServer(options)).rejects.toThrow('NATS_SERVER_BIN=/bin/true');
  });

  it('that can’t be had ends in the ways out, with what went wrong as the cause', async () => {
    await placeGo('fails');
    const failed = ensureNatsServer(options);
    await expect(failed).rejects.toThrow(/install Go .*, let this machine reach github\.com, .* NATS_SERVER_BIN/s);
    await expect(failed).rejects.toMatchObject({ cause: { stderr: 'module lookup disabled\n' } });
  });
});
