/** Comments and documents cite what is there: a path that has moved is a red test and not a reader who searches. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from '@jest/globals';

const root = join(import.meta.dirname, '../../..');
/** What git would ignore is left out; nothing below a folder with a dot is cited. */
const filesIn = (folder: string): readonly string[] =>
  readdirSync(join(root, folder), { withFileTypes: true })
    .filter(({ name }) => !/^(\..*|node_modules|dist|coverage)$/.test(name))
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      return entry.isDirectory() ? filesIn(path) : [path];
    });
const files = filesIn('');
const folders = new Set(files.flatMap((file) => file.split('/').map((_, i, parts) => parts.slice(0, i).join('/'))));
const text = (file: string): string => readFileSync(join(root, file), 'utf8');

/** ADRs and the changelog tell what was, evidence what was measured. */
const isOfNow = (file: string): boolean => !/^(docs\/(adr|evidence)\/|CHANGELOG)/.test(file);
const sources = files.filter((file) => /\.(ts|mjs)$/.test(file));
const documents = files.filter((file) => file.endsWith('.md') && isOfNow(file));

const commentsIn = (source: string): string =>
  [...source.matchAll(/\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/ .*$/gm)].map(([comment]) => comment).join('\n');

/** `{a,b}` stands for both. */
const spread = (path: string): readonly string[] => {
  const [, before = '', list, after = ''] = /^([^{]*)\{([^}]*)\}(.*)$/.exec(path) ?? [];
  return list === undefined ? [path] : list.split(',').flatMap((one) => spread(`${before}${one}${after}`));
};

const TOP = [...folders].filter((folder) => folder !== '' && !folder.includes('/'));
const CITED = new RegExp(
  `(?<![\\w./@-])(?:${TOP.join('|')})/[\\w./*{},-]*[\\w}*]|(?<![\\w./*<@-])[\\w./-]+\\.(?:ts|md)\\b`,
  'g',
);

const isThere = (path: string): boolean => {
  if (path.includes('*')) return folders.has(path.slice(0, path.indexOf('*')).replace(/\/[^/]*$/, ''));
  const wanted = normalize(path).replace(/^(\.\.\/)+/, '');
  if (/^docs\/adr\/\d{4}$/.test(wanted)) return files.some((file) => file.startsWith(`${wanted}-`));
  return folders.has(wanted) || files.some((file) => file === wanted || file.endsWith(`/${wanted}`));
};

const missing = (cited: string): readonly string[] =>
  [...cited.replace(/https?:\S+/g, '').matchAll(CITED)]
    .flatMap(([path]) => spread(path))
    .filter((path) => !isThere(path));

/** `Where things are` → `where-things-are`, as GitHub and GitLab do. */
const anchorsOf = (document: string): readonly string[] =>
  [...document.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );

/** Links within the repository that lead nowhere. */
const broken = (file: string): readonly string[] =>
  [...text(file).matchAll(/\]\((?!https?:)([^)\s#]*)(?:#([^)\s]*))?\)/g)].flatMap(([link, path = '', anchor]) => {
    const target = path === '' ? file : normalize(join(dirname(file), path));
    const isFound =
      (files.includes(target) || folders.has(target)) &&
      (anchor === undefined || anchorsOf(text(target)).includes(anchor));
    return isFound ? [] : [`${file}: ${link}`];
  });

const rowsOf = (document: string, heading: string): readonly string[] =>
  (document.split(`## ${heading}\n`)[1] ?? '')
    .split('\n## ')[0]
    ?.match(/^\| .*$/gm)
    ?.slice(1) ?? [];

describe('the map', () => {
  it('in CONTRIBUTING names every folder and every room of operator and app, and nothing else', () => {
    const named = rowsOf(text('CONTRIBUTING.md'), 'Where things are')
      .map((row) => row.split('|')[1] ?? '')
      .flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, folder = '']) => folder));
    const there = [...folders].filter((folder) => /^([a-z]+|(operator|app)\/[a-z-]+)$/.test(folder));
    expect(named.toSorted()).toEqual(there.toSorted());
  });

  it('in docs/architecture.md names what is in the files that it links', () => {
    const named = rowsOf(text('docs/architecture.md'), 'Where is …').flatMap((row) => [
      ...row.matchAll(/\]\(\.\.\/([^)]+)\) `(\w+)`/g),
    ]);
    expect(named.length).toBeGreaterThanOrEqual(10);
    expect(named.filter(([, file = '', name = '']) => !new RegExp(`\\b${name}\\b`).test(text(file)))).toEqual([]);
  });
});

describe('what is cited', () => {
  it('by links of documents is there, and so are their headings', () => {
    expect(files.filter((file) => file.endsWith('.md')).flatMap(broken)).toEqual([]);
  });

  it('in comments is there', () => {
    const wrong = sources.flatMap((file) => missing(commentsIn(text(file))).map((path) => `${file} cites ${path}`));
    expect(wrong).toEqual([]);
  });

  it('in comments is no issue of ours and no design that only we have', () => {
    const cites = /\b[Dd]esign §|\bdesign\.md|\bresearch\/|\bissue #?\d/;
    expect(sources.filter((file) => !file.includes('house/map') && cites.test(commentsIn(text(file))))).toEqual([]);
  });

  it('in documents is there', () => {
    const wrong = documents.flatMap((file) => missing(text(file)).map((path) => `${file} cites ${path}`));
    expect(wrong).toEqual([]);
  });
});
