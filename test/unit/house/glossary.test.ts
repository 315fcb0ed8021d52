/** docs/glossary.md and the texts that people read use a word for one thing. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { RESOURCES } from '../../../contract/schema/schema.ts';
import { TIERS } from '../../../contract/tiers.ts';
import { schemaNodes } from '../../helpers/schema-nodes.ts';

const ROOT = join(import.meta.dirname, '../../..');
const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');

interface Entry {
  readonly word: string;
  readonly chinese: string;
  readonly meaning: string;
  readonly fields: readonly string[];
  readonly not: readonly string[];
}

const entriesOf = (page: string): readonly Entry[] =>
  [...page.matchAll(/^\|(?! word |-)(.*)\|$/gm)].map(([, row = '']) => {
    const [word = '', chinese = '', meaning = '', fields = '', not = ''] = row.split('|').map((cell) => cell.trim());
    return {
      word: word.replaceAll('`', ''),
      chinese,
      meaning,
      fields: [...fields.matchAll(/`([^`]+)`/g)].map(([, path = '']) => path),
      not: not === '' ? [] : not.split(', '),
    };
  });

/** Not a section of spec or status that has a tier's name. */
const OF_A_TIER = new RegExp(`(?<!^(?:spec|status))\\.(?:${TIERS.join('|')})(?=\\.|$)`, 'g');

/** `VoucherCampaign.status.tiers.intake.ready` → `status.tiers.*.ready`: tiers have the same fields, and so have outcomes. */
const shortPath = (path: string): string =>
  path
    .replace(/^VoucherCampaign\./, '')
    .replace(OF_A_TIER, '.*')
    .replace(/\.(with|without)(?=\.)/g, '.*')
    .replaceAll('[]', '');

const nameOf = (path: string): string => path.split('.').at(-1) ?? '';

/** `peakArrivalsPerSecond` → peak, arrival, per, second; "authorise, authorisation" → authorise, authorisation. */
const wordsOf = (text: string): ReadonlySet<string> =>
  new Set(
    text
      .replaceAll(/([a-z])([A-Z])/g, '$1 $2')
      .toLowerCase()
      .split(/[^a-z]+/)
      .filter((word) => word !== '')
      .map((word) => word.replace(/s$/, '')),
  );

/** The words of its headword that its fields carry in their names; of fields that have another name, that name. */
const guardedBy = ({ word, fields }: Entry): readonly string[] => {
  const inFields = new Set(fields.flatMap((path) => [...wordsOf(nameOf(path))]));
  const shared = [...wordsOf(word)].filter((part) => inFields.has(part) && !['at', 'per', 'second'].includes(part));
  return shared.length === 0 ? [...inFields] : shared;
};

interface Field {
  readonly path: string;
  readonly text: string;
}

const fieldsOf = (resources: typeof RESOURCES): readonly Field[] =>
  schemaNodes(resources).flatMap(({ path, node }) =>
    path.includes('.')
      ? [
          {
            path: shortPath(path),
            text: [node.description, ...(node['x-kubernetes-validations'] ?? []).map(({ message }) => message)].join(
              ' ',
            ),
          },
        ]
      : [],
  );

/** Fields that carry a word of the page and are listed under no entry, or under two. */
const ambiguous = (entries: readonly Entry[], fields: readonly Field[]): readonly string[] => {
  const guarded = new Set(entries.flatMap(guardedBy));
  return [...new Set(fields.map(({ path }) => path))].flatMap((path) => {
    if (![...wordsOf(nameOf(path))].some((word) => guarded.has(word))) return [];
    const at = entries.filter((entry) => entry.fields.includes(path)).map(({ word }) => word);
    return at.length === 1 ? [] : [`${path}: ${at.length === 0 ? 'under no entry' : at.join(', ')}`];
  });
};

const uses = (text: string, word: string): boolean => new RegExp(`(?<![\\w-])${word}(?![\\w-])`, 'i').test(text);

/** Texts that use a word which the page gives up for another one. */
const givenUp = (entries: readonly Entry[], texts: readonly Field[]): readonly string[] =>
  entries.flatMap(({ word, not }) =>
    not.flatMap((other) =>
      texts.filter(({ text }) => uses(text, other)).map(({ path }) => `${path}: "${other}" instead of "${word}"`),
    ),
  );

const entries = entriesOf(read('docs/glossary.md'));
const fields = fieldsOf(RESOURCES);

/** What the command line and the operator say: their literals, without comments and imports. */
const literalsOf = (file: string): Field => ({
  path: file,
  text: [
    ...read(file)
      .replaceAll(/\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/ .*$|^import .*$/gm, '')
      .matchAll(/'[^'\n]*'|`[^`]*`/g),
  ]
    .map(([literal]) => literal)
    .filter((literal) => literal.includes(' '))
    .join('\n'),
});
const messages = globSync(['cli/**/*.ts', 'operator/**/*.ts', 'admission/**/*.ts'], { cwd: ROOT }).map(literalsOf);
const documents = globSync(['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'docs/**/*.md'], {
  cwd: ROOT,
  exclude: ['docs/adr/**', 'docs/glossary.md'],
}).map((path) => ({ path, text: read(path) }));

describe('the glossary', () => {
  it('has each word once, in both languages, with a meaning', () => {
    expect(entries.length).toBeGreaterThanOrEqual(40);
    for (const key of ['word', 'chinese', 'meaning'] as const) {
      const all = entries.map((entry) => entry[key]);
      expect(all.filter((one, index) => one === '' || all.indexOf(one) !== index)).toEqual([]);
    }
    expect(entries.filter(({ chinese }) => !/^[\p{Script=Han}、]+$/u.test(chinese)).map(({ word }) => word)).toEqual(
      [],
    );
  });

  it('lists fields that exist', () => {
    const paths = new Set(fields.map(({ path }) => path));
    expect(entries.flatMap((entry) => entry.fields.filter((path) => !paths.has(path)))).toEqual([]);
  });

  it('gives each field that carries one of its words one meaning', () => {
    expect(ambiguous(entries, fields)).toEqual([]);
  });

  it('is followed by the schema, by messages and by documents', () => {
    expect(givenUp(entries, [...fields, ...messages, ...documents])).toEqual([]);
  });

  it('is written in plain words, as all documents are', () => {
    const mannered = documents.flatMap(({ path, text }) =>
      [...text.matchAll(/\b(?:nobody|somebody|whoever|in vain)\b/gi)].map(([word]) => `${path}: ${word}`),
    );
    // Each of them is there: a name of a contestant, for example, that the figures of a bench have.
    expect(mannered.length <= 5 ? [] : mannered).toEqual([]);
  });

  it('would find a word with a second meaning, and a word that was given up', () => {
    const another = { path: 'spec.scaling.backlog', text: 'Work that the team has not begun: enrolment.' };
    expect(ambiguous(entries, [...fields, another])).toEqual(['spec.scaling.backlog: under no entry']);
    expect(givenUp(entries, [another])).toEqual(['spec.scaling.backlog: "enrolment" instead of "registration"']);
  });
});
