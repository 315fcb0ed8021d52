import { spawn } from 'node:child_process';
import { appendFile, mkdir, mkdtemp, readdir, readFile, rm, truncate, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { verifyBundle } from '../../../app/draw/bundle/verify.ts';
import { seededRandom } from '../../../local/load/random.ts';
import { BUNDLE_FILES, BUNDLE_TERMS, CHAINS, makeBundle, startBundle } from '../../helpers/bundles.ts';
import { sha256 } from '../../helpers/draws.ts';
import { eventuallyHolds } from '../../helpers/eventually.ts';

const never = new AbortController().signal;

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'voucher-draw-'));
});
afterAll(() => rm(root, { recursive: true }));
const place = (name: string): string => join(root, name);

const verify = (dir: string, published = {}) => verifyBundle(dir, CHAINS, published, never);

describe('a bundle', () => {
  it('is written as a whole, and verified', async () => {
    const { written, result } = await makeBundle(place('whole'), BUNDLE_TERMS);
    expect(written).toBe('written');
    expect(await verify(place('whole'))).toMatchObject({ kind: 'verified', documents: { result } });
    expect((await readdir(place('whole'))).sort()).toEqual(
      ['commitment.json', 'dinner', 'empty', 'result.json', 'sources.json', 'sport'].sort(),
    );
  });

  it('has the digests that sha256sum prints', async () => {
    await makeBundle(place('digests'), BUNDLE_TERMS);
    const verified = await verify(place('digests'));
    const digests = verified.kind === 'verified' ? verified.documents.digests : undefined;
    const files = await Promise.all(BUNDLE_FILES.slice(0, 3).map((file) => readFile(join(place('digests'), file))));
    const [commitment, sources, result] = files.map((bytes) => sha256(bytes).toString('hex'));
    expect(digests).toEqual({ commitment, sources, result });
  });

  it('of another chain is verified only with that chain', async () => {
    await makeBundle(place('chain'), BUNDLE_TERMS);
    const { kind, fault } = (await verifyBundle(place('chain'), new Map(), {}, never)) as {
      kind: string;
      fault: object;
    };
    expect({ kind, fault }).toMatchObject({ kind: 'wrong', fault: { file: 'commitment.json' } });
  });

  it('that agrees with itself is still compared with what was published', async () => {
    const real = await makeBundle(place('real'), BUNDLE_TERMS);
    const verified = await verify(place('real'));
    if (verified.kind !== 'verified') throw new Error('the bundle is wrong');
    const published = { commitment: verified.documents.digests.commitment, result: verified.documents.digests.result };
    const [dinner, ...rest] = BUNDLE_TERMS.lists;
    if (dinner === undefined) throw new Error('no list');
    // Someone's entry is dropped, and everything is computed again.
    await makeBundle(place('forged'), {
      ...BUNDLE_TERMS,
      lists: [{ ...dinner, entries: dinner.entries.subarray(32) }, ...rest],
    });
    expect(real.written).toBe('written');
    expect((await verify(place('forged'))).kind).toBe('verified');
    expect(await verify(place('forged'), published)).toMatchObject({
      kind: 'wrong',
      fault: { file: 'commitment.json', problem: expect.stringContaining('was published') },
    });
    expect((await verify(place('real'), published)).kind).toBe('verified');
  });
});

describe('a bundle that was changed', () => {
  const FLIPS = 12;

  it.each(BUNDLE_FILES)('at random bits of %s names that file', async (file) => {
    const dir = place(`bits-${file.replace('/', '-')}`);
    await makeBundle(dir, BUNDLE_TERMS);
    const path = join(dir, file);
    const whole = await readFile(path);
    const { next } = seededRandom(BUNDLE_FILES.indexOf(file));
    for (let flip = 0; flip < FLIPS; flip += 1) {
      const bit = Math.floor(next() * whole.length * 8);
      const changed = Buffer.from(whole);
      changed[bit >>> 3] = (changed[bit >>> 3] ?? 0) ^ (1 << (bit & 7));
      await writeFile(path, changed);
      const verified = await verify(dir);
      // Only sources.json and result.json name nothing else that tells which of the two was changed.
      const named = verified.kind === 'wrong' ? `${verified.fault.file}: ${verified.fault.problem}` : 'verified';
      expect({ bit, named }).toEqual({ bit, named: expect.stringContaining(file) });
      const at = verified.kind === 'wrong' ? verified.fault.offset : undefined;
      if (file.endsWith('winners.bin')) expect({ bit, at }).toEqual({ bit, at: bit >>> 3 });
    }
    await writeFile(path, whole);
    expect((await verify(dir)).kind).toBe('verified');
  });

  it.each(BUNDLE_FILES)('by removing %s, by a byte more, by a byte less', async (file) => {
    const dir = place(`size-${file.replace('/', '-')}`);
    await makeBundle(dir, BUNDLE_TERMS);
    const path = join(dir, file);
    const whole = await readFile(path);
    await appendFile(path, ' ');
    expect(await verify(dir)).toMatchObject({ kind: 'wrong', fault: { file } });
    await truncate(path, whole.length - 1);
    expect(await verify(dir)).toMatchObject({ kind: 'wrong', fault: { file } });
    await rm(path);
    expect(await verify(dir)).toMatchObject({ kind: 'wrong', fault: { file, problem: 'the file is missing' } });
  });

  it('in result.json is named exactly where the published digest is passed', async () => {
    const dir = place('anchor');
    await makeBundle(dir, BUNDLE_TERMS);
    const verified = await verify(dir);
    if (verified.kind !== 'verified') throw new Error('the bundle is wrong');
    const { result, sources } = verified.documents.digests;
    const text = await readFile(join(dir, 'result.json'), 'utf8');
    await writeFile(join(dir, 'result.json'), text.replace(sources, 'a'.repeat(64)));
    expect(await verify(dir, { result })).toMatchObject({ fault: { file: 'result.json' } });
  });

  it.each([
    ['a path for a voucher', '"voucher":"dinner"', '"voucher":"../dinner"'],
    ['a number that is none', '"n":300', '"n":3e2'],
    ['a member more', '"alg":', '"about":"","alg":'],
    ['more winners than entries', '"k":200', '"k":301'],
    ['white space', '{"alg":', '{ "alg":'],
    ['a member twice', '"attempt":1', '"attempt":1,"attempt":1'],
  ])('by %s is refused', async (name, from, to) => {
    const dir = place(`shape-${name.replaceAll(' ', '-')}`);
    await makeBundle(dir, BUNDLE_TERMS);
    const path = join(dir, 'commitment.json');
    const text = await readFile(path, 'utf8');
    expect(text).toContain(from);
    await writeFile(path, text.replace(from, to));
    expect(await verify(dir)).toMatchObject({ kind: 'wrong', fault: { file: 'commitment.json' } });
  });

  it('is no bundle when it is no folder of files', async () => {
    await mkdir(join(place('odd'), 'commitment.json'), { recursive: true });
    expect(await verify(place('odd'))).toMatchObject({ kind: 'wrong', fault: { file: 'commitment.json' } });
  });
});

describe('writing a bundle', () => {
  it('again, and by two at once, gives the one bundle', async () => {
    const dir = place('twice');
    const both = await Promise.all([makeBundle(dir, BUNDLE_TERMS), makeBundle(dir, BUNDLE_TERMS)]);
    expect(both.map(({ written }) => written).sort()).toEqual(['exists', 'written']);
    expect((await makeBundle(dir, BUNDLE_TERMS)).written).toBe('exists');
    expect((await verify(dir)).kind).toBe('verified');
    expect((await readdir(root)).filter((name) => name.includes('twice.partial'))).toEqual([]);
  });

  it('does not replace another one', async () => {
    const dir = place('other');
    await makeBundle(dir, BUNDLE_TERMS);
    await expect(makeBundle(dir, { ...BUNDLE_TERMS, value: '02' })).rejects.toThrow(
      "something else than this draw's bundle",
    );
    expect((await verify(dir)).kind).toBe('verified');
  });

  it('removes what a stopped writer left an hour ago, and not what another one writes', async () => {
    const parent = place('left');
    const [old, young] = [join(parent, '.bundle.partial-old'), join(parent, '.bundle.partial-young')];
    for (const folder of [old, young]) await mkdir(join(folder, 'dinner'), { recursive: true });
    const hoursAgo = Date.now() / 1_000 - 2 * 3_600;
    await utimes(old, hoursAgo, hoursAgo);
    await makeBundle(join(parent, 'bundle'), BUNDLE_TERMS);
    expect((await readdir(parent)).sort()).toEqual(['.bundle.partial-young', 'bundle']);
  });

  it('leaves nothing after abort', async () => {
    const bundle = await startBundle(place('aborted'), BUNDLE_TERMS);
    await bundle.writer.abort();
    expect((await readdir(root)).filter((name) => name.includes('aborted'))).toEqual([]);
  });

  it.each([0, 1, 3, 6, 9, 10, 11, 12])('killed when %i files are there, leaves no half bundle', async (files) => {
    const dir = join(place(`killed-${files}`), 'bundle');
    const helper = new URL('../../helpers/bundles.ts', import.meta.url).href;
    const lists = `[['dinner', 300, 200], ['empty', 0, 5], ['sport', 3, 5]]`;
    const draws = new URL('../../helpers/draws.ts', import.meta.url).href;
    const code = `
      import { makeBundle } from ${JSON.stringify(helper)};
      import { listOf } from ${JSON.stringify(draws)};
      const lists = ${lists}.map(([voucher, n, quota]) => ({ voucher, entries: listOf(n, voucher), quota, waitlist: 3 }));
      for (;;) await makeBundle(${JSON.stringify(dir)}, { campaignUid: 'spring-2027', value: '01', lists });`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: 'ignore' });
    const ended = new Promise((resolve) => child.once('exit', resolve));
    const parent = place(`killed-${files}`);
    const look = async (): Promise<void> => {
      const found = await readdir(parent, { recursive: true, withFileTypes: true }).catch(() => undefined);
      expect(found?.filter((one) => one.isFile()).length ?? -1).toBeGreaterThanOrEqual(files);
    };
    await eventuallyHolds(look, { what: `${files} files of the bundle`, everyMs: 1 });
    child.kill('SIGKILL');
    await ended;
    const there = (await readdir(parent)).includes('bundle');
    if (there) expect((await verify(dir)).kind).toBe('verified');
    const terms = {
      campaignUid: 'spring-2027',
      value: '01',
      lists: BUNDLE_TERMS.lists.map((list) => ({ ...list, waitlist: 3 })),
    };
    expect((await makeBundle(dir, terms)).written).toBe(there ? 'exists' : 'written');
    expect((await verify(dir)).kind).toBe('verified');
  });
});
