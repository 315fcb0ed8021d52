import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { bundlePrograms } from '../../../tools/image/bundle.ts';

const ROOT = join(import.meta.dirname, '../../..');
const MAIN = `
const { one } = await import('./roles/one.js');
console.log(one('Zürich'));
`;
/** A dependency that is CommonJS and asks for modules of Node. */
const ROLE = `
import express from 'express';
export const one = (place) => typeof express() + ' ' + place;
`;

const made: string[] = [];

/** What tsc would have left, in a folder of a length of its own. */
const program = async (below = ''): Promise<string> => {
  const dir = await mkdtemp(join(tmpdir(), 'voucher-bundle-'));
  made.push(dir);
  const compiled = join(dir, below);
  await mkdir(compiled, { recursive: true });
  await writeFile(join(compiled, 'package.json'), '{"type":"module"}');
  for (const folder of ['app', 'operator']) {
    await mkdir(join(compiled, folder, 'roles'), { recursive: true });
    await writeFile(join(compiled, folder, 'main.js'), MAIN);
    await writeFile(join(compiled, folder, 'roles/one.js'), ROLE);
  }
  return compiled;
};

const contents = async (dir: string): Promise<ReadonlyMap<string, string>> => {
  const files = (await readdir(dir, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
  const paths = files.map((entry) => join(entry.parentPath, entry.name)).sort();
  return new Map(
    await Promise.all(paths.map(async (path) => [path.slice(dir.length), await readFile(path, 'utf8')] as const)),
  );
};

afterEach(async () => {
  for (const dir of made.splice(0)) await rm(dir, { recursive: true });
});

describe('the bundles of the programs', () => {
  it.each(['app', 'operator'])('of the %s runs where there is no node_modules', async (folder) => {
    const compiled = await program();
    await bundlePrograms(compiled, join(ROOT, 'node_modules'));
    expect(await readdir(compiled)).not.toContain('node_modules');
    const said = execFileSync(process.execPath, [`${folder}/main.js`], { cwd: compiled, encoding: 'utf8' });
    expect(said).toBe('function Zürich\n');
  });

  it('are the same to the byte wherever they are made, and name no place', async () => {
    const [one, other] = [await program(), await program('further/down')];
    for (const compiled of [one, other]) await bundlePrograms(compiled, join(ROOT, 'node_modules'));
    expect(await contents(one)).toEqual(await contents(other));
    for (const text of (await contents(one)).values()) {
      expect(text).not.toContain(ROOT);
      expect(text).not.toContain(one);
    }
  });
});
