/** Every reason that a condition or a tier's number can have is explained in a document. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { CONDITION_REASONS } from '../../../contract/conditions.ts';
import { LIMITED_BY } from '../../../operator/scaling/types.ts';

const ROOT = join(import.meta.dirname, '../../..');
const text = globSync('docs/*.md', { cwd: ROOT })
  .map((file) => readFileSync(join(ROOT, file), 'utf8'))
  .join('\n');

describe('documents', () => {
  it.each(Object.entries(CONDITION_REASONS))('explain every reason of %s', (_, reasons) => {
    expect(reasons.filter((reason) => !text.includes(`\`${reason}\``))).toEqual([]);
  });

  it('explain everything that can decide how many replicas there are', () => {
    expect(LIMITED_BY.filter((word) => !text.includes(`\`${word}\``))).toEqual([]);
  });
});
