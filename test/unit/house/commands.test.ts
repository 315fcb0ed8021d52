/** What documents tell people to type is there. */
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';

const ROOT = join(import.meta.dirname, '../../..');
const documents = globSync(
  ['*.md', 'docs/*.md', 'docs/{reference,zh-CN}/*.md', 'examples/**/*.md', 'charts/**/*.md', '.github/**/*.yml'],
  { cwd: ROOT },
);
const { scripts } = z
  .object({ scripts: z.record(z.string(), z.string()) })
  .parse(JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')));

const all = (pattern: RegExp): readonly RegExpMatchArray[] =>
  documents.flatMap((file) => [...readFileSync(join(ROOT, file), 'utf8').matchAll(pattern)]);

describe('documents', () => {
  it('name scripts of package.json', () => {
    const named = new Set(all(/npm run (?:-s |--silent )?([a-z:]+)/g).map(([, name = '']) => name));
    expect([...named].filter((name) => scripts[name] === undefined)).toEqual([]);
    expect(named.size).toBeGreaterThan(5);
  });

  it('name scenarios that exist', () => {
    const missing = all(/npm run (evidence|bench|soak) -- ([a-z][a-z-]*)/g).filter(
      ([, folder = '', name = '']) => !existsSync(join(ROOT, 'test', folder, `${name}.ts`)),
    );
    expect(missing.map(([text]) => text)).toEqual([]);
  });

  it('start no source with whatever Node is on the PATH: an old one does not know types', () => {
    expect(all(/(?<!npx )\bnode [\w/.-]+\.ts\b/g).map(([text]) => text)).toEqual([]);
  });
});
