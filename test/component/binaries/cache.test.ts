/** What a machine remembers may be gone, half written, or of another machine. */
import { mkdir, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { cacheDir, isWholeElf, isWholeProgram, place } from '../../../local/binaries/cache.ts';
import { locked } from '../../../local/binaries/lock.ts';
import { copyTo } from '../../../local/postgres/native.ts';
import { ensureBinary, missingBinaries, PAUSE } from '../../../tools/cluster/binaries.ts';

const { signal } = new AbortController();
const onWait = (): void => undefined;
const before = { ...process.env };
let dir: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'voucher-cache-'));
  process.env['XDG_CACHE_HOME'] = dir;
});
afterEach(async () => {
  for (const name of ['XDG_CACHE_HOME', 'PATH']) {
    const value = before[name];
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
  await rm(dir, { recursive: true, force: true });
});

describe('a lock', () => {
  it('makes its folder where there is none', async () => {
    const file = join(dir, 'new', 'machine', 'x.lock');
    expect(await locked(file, { signal, onWait }, async () => 'held')).toBe('held');
    expect(await readdir(join(dir, 'new', 'machine'))).toEqual([]);
  });

  it('in a folder that can’t be made says which, and what to set', async () => {
    await writeFile(join(dir, 'file'), '');
    const held = locked(join(dir, 'file', 'bin', 'x.lock'), { signal, onWait }, async () => 'held');
    await expect(held).rejects.toThrow(/can't write to .*file\/bin .*XDG_CACHE_HOME/);
  });

  it('of a process that was killed before it wrote its number is taken', async () => {
    await writeFile(join(dir, 'x.lock'), '');
    await expect(locked(join(dir, 'x.lock'), { signal, onWait }, async () => 'held')).resolves.toBe('held');
  });
});

/** What a linker leaves: a header that says where the section table is, and that table at the end. */
const program = (machine: number, sizeBytes = 4_096): Buffer => {
  const bytes = Buffer.alloc(sizeBytes);
  bytes.write('\x7fELF\x02\x01', 'latin1');
  bytes.writeUInt16LE(machine, 18);
  bytes.writeBigUInt64LE(BigInt(sizeBytes - 128), 40);
  bytes.writeUInt16LE(64, 58);
  bytes.writeUInt16LE(2, 60);
  return bytes;
};
const [OURS, OTHER] = process.arch === 'x64' ? [62, 183] : [183, 62];

describe('a cached binary', () => {
  const cached = (): string => join(dir, 'voucher-operator', 'bin', PAUSE.file);
  const options = { signal, progress: (): void => undefined };

  /** A Go whose every build is `whole`. */
  const placeGo = async (): Promise<void> => {
    const script = `#!/bin/sh\nwhile [ "$1" != -o ]; do shift; done\n/bin/cp ${join(dir, 'whole')} "$2"\n`;
    await mkdir(join(dir, 'path'));
    await writeFile(join(dir, 'whole'), program(OURS));
    await writeFile(join(dir, 'path', 'go'), script, { mode: 0o755 });
    process.env['PATH'] = join(dir, 'path');
  };

  it('that was cut short does not count and is built again', async () => {
    await placeGo();
    await place(join(dir, 'whole'), cached());
    expect(missingBinaries([PAUSE])).toEqual([]);
    await truncate(cached(), 4_000);
    expect(missingBinaries([PAUSE])).toEqual([PAUSE]);
    await ensureBinary(PAUSE, options);
    expect(isWholeProgram(cached())).toBe(true);
  });

  it.each([
    ['is empty', ''],
    ['is text', 'not a program\n'],
  ])('that %s does not count', async (_, text) => {
    await mkdir(join(dir, 'voucher-operator', 'bin'), { recursive: true });
    await writeFile(cached(), text, { mode: 0o755 });
    expect(missingBinaries([PAUSE])).toEqual([PAUSE]);
  });

  it('that can’t be executed does not count', async () => {
    await mkdir(join(dir, 'voucher-operator', 'bin'), { recursive: true });
    await writeFile(cached(), program(OURS), { mode: 0o644 });
    expect(isWholeProgram(cached())).toBe(false);
  });

  it('of another processor does not count', async () => {
    expect(isWholeElf(program(OURS), 4_096)).toBe(true);
    expect(isWholeElf(program(OTHER), 4_096)).toBe(false);
  });
});

describe('the cache', () => {
  it.each(['', 'relative/folder'])('is below the home folder when XDG_CACHE_HOME is "%s"', (base) => {
    process.env['XDG_CACHE_HOME'] = base;
    expect(cacheDir()).toBe(join(homedir(), '.cache', 'voucher-operator', 'bin'));
  });
});

describe('the copy of PostgreSQL for the account that it runs as', () => {
  it('is made again when files of it were deleted', async () => {
    const native = join(dir, 'native');
    await mkdir(join(native, 'share'), { recursive: true });
    await writeFile(join(native, 'share', 'a'), 'a');
    await writeFile(join(native, 'share', 'b'), 'b');
    const copy = await copyTo(join(dir, 'shared'), native);
    await rm(join(copy, 'share', 'b'));
    await writeFile(join(copy, 'share', 'a'), 'kept while it is whole');
    await copyTo(join(dir, 'shared'), native);
    expect(await readFile(join(copy, 'share', 'b'), 'utf8')).toBe('b');
    expect(await readFile(join(copy, 'share', 'a'), 'utf8')).toBe('a');
  });
});
