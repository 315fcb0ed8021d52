/** docs/draw/verify.py, the verifier that shares no code with us. A suite of its own, because it needs Python. */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { verifyBundle } from '../../app/draw/bundle/verify.ts';
import { BUNDLE_FILES, BUNDLE_TERMS, CHAINS, makeBundle } from '../helpers/bundles.ts';
import { someTerms } from '../helpers/draws.ts';

const never = new AbortController().signal;
const run = promisify(execFile);
const VERIFIER = new URL('../../docs/draw/verify.py', import.meta.url).pathname;
const SIGNED = /^drand Drand 7 [0-9a-f]{96}$/m;

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'voucher-draw-'));
});
afterAll(() => rm(root, { recursive: true }));
const place = (name: string): string => join(root, name);
const verify = (dir: string) => verifyBundle(dir, CHAINS, {}, never);

describe('the Python verifier', () => {
  /** One process for all: it starts slowly. */
  const judge = async (dirs: readonly string[]): Promise<readonly string[]> => {
    const driver = `
import io, runpy, sys, contextlib
for folder in sys.argv[2:]:
    verifier, sys.argv[1:] = sys.argv[1], sys.argv[1:]
    out = io.StringIO()
    old, sys.argv = sys.argv, [verifier, folder]
    try:
        with contextlib.redirect_stdout(out): runpy.run_path(verifier)
        print(out.getvalue() + '---')
    except SystemExit as end: print(f'{end}\\n---')
    sys.argv = old
`;
    const { stdout } = await run('python3', ['-c', driver, VERIFIER, ...dirs], { maxBuffer: 2 ** 26 });
    return stdout
      .trim()
      .split('---\n')
      .map((text) => text.replace(/---$/, ''));
  };

  it('agrees with us on 200 random draws', async () => {
    const dirs = Array.from({ length: 10 }, (_, number) => place(`python-${number}`));
    for (const [number, dir] of dirs.entries()) {
      const lists = Array.from({ length: 20 }, (_, at) => {
        const { entries, k, waitlist } = someTerms(number * 20 + at);
        return { voucher: `v${String(at).padStart(2, '0')}`, entries, quota: k, waitlist };
      });
      await makeBundle(dir, { campaignUid: 'spring-2027', value: `value ${number}`, lists });
      expect((await verify(dir)).kind).toBe('verified');
    }
    const said = await judge(dirs);
    expect(said).toHaveLength(dirs.length);
    for (const text of said) {
      expect(text).toContain('RIGHT');
      expect(text).toMatch(SIGNED);
    }
  });

  it.each(BUNDLE_FILES.filter((file) => file.endsWith('.bin') || file === 'result.json'))(
    'names %s where it was changed',
    async (file) => {
      const dir = place(`python-${file.replace('/', '-')}`);
      await makeBundle(dir, BUNDLE_TERMS);
      const path = join(dir, file);
      const bytes = await readFile(path);
      if (file === 'result.json') await writeFile(path, bytes.toString().replace('"winners":200', '"winners":199'));
      else await writeFile(path, Buffer.concat([Buffer.of((bytes[0] ?? 0) ^ 1), bytes.subarray(1)]));
      expect((await judge([dir]))[0]).toContain(`WRONG ${file}`);
    },
  );
});
