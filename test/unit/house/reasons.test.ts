/** Every reason has a sentence that the operator writes and a document explains, and no sentence is of a reason that is gone. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { CONDITION_REASONS, CONDITION_TYPES } from '../../../contract/conditions.ts';
import { EVENT_REASONS } from '../../../contract/event-reasons.ts';
import { because } from '../../../operator/scaling/explain.ts';
import { LIMITED_BY } from '../../../operator/scaling/types.ts';

const ROOT = join(import.meta.dirname, '../../..');
const textOf = (pattern: string): string =>
  globSync(pattern, { cwd: ROOT })
    .map((file) => readFileSync(join(ROOT, file), 'utf8'))
    .join('\n');

const documents = textOf('docs/*.md');
const operator = textOf('operator/**/*.ts');
const conditions = Object.entries(CONDITION_REASONS);
const KNOWN: readonly string[] = [
  ...CONDITION_TYPES,
  ...EVENT_REASONS,
  ...conditions.flatMap(([, reasons]) => reasons),
  ...LIMITED_BY,
];

describe('documents', () => {
  it.each(conditions)('explain every reason of %s', (_, reasons) => {
    expect(reasons.filter((reason) => !documents.includes(`\`${reason}\``))).toEqual([]);
  });

  it('explain everything that can decide how many replicas there are', () => {
    expect(LIMITED_BY.filter((word) => !documents.includes(`\`${word}\``))).toEqual([]);
  });

  it('explain no reason of a condition that is not there', () => {
    const [, tables = ''] = /## Reasons\n([\s\S]*?)\n## /.exec(textOf('docs/conditions.md')) ?? [];
    const words = [...tables.matchAll(/`([A-Z][a-z]+(?:[A-Z][a-z]+)+)`/g)].map(([, word]) => word ?? '');
    expect(words.length).toBeGreaterThan(50);
    expect(words.filter((word) => !KNOWN.includes(word))).toEqual([]);
  });
});

describe('the operator', () => {
  /** As a literal, or as a key of a table of sentences. */
  const isWritten = (word: string): boolean =>
    operator.includes(`'${word}'`) || new RegExp(`^\\s+${word}:`, 'm').test(operator);

  it.each(conditions)('writes every reason of %s', (_, reasons) => {
    expect(reasons.filter((reason) => !isWritten(reason))).toEqual([]);
  });

  it('writes every event', () => {
    expect(EVENT_REASONS.filter((reason) => !isWritten(reason))).toEqual([]);
  });

  it('writes a sentence with each reason of a condition or an event', () => {
    const empty = /\b(?:yes|no|unknown|campaignEvent|warning|normal)\((?:'(?:Warning|Normal)', )?'\w+', (?:''|``)\)/;
    expect(empty.exec(operator)?.[0]).toBeUndefined();
  });

  it('has a sentence of its own for everything that can decide how many replicas there are', () => {
    const sentences = LIMITED_BY.map((word) => because(word, { wanted: 16, min: 4, max: 40, ceiling: 12 }));
    expect(sentences.filter((sentence) => sentence === '')).toEqual([]);
    expect(new Set(sentences).size).toBe(LIMITED_BY.length);
  });
});
