/** What documents tell people to type and to write: the commands and YAML of their fenced blocks. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '../..');

/** Decisions and evidence say what was. */
const FILES = globSync(['*.md', 'docs/**/*.md', 'deploy/**/*.md', 'examples/**/*.md'], {
  cwd: ROOT,
  exclude: ['docs/adr/**', 'docs/evidence/**', 'CHANGELOG.md'],
}).toSorted();

export interface Fenced {
  readonly file: string;
  readonly text: string;
}

/** Blocks of that language, of every document. */
export const fenced = (language: 'sh' | 'yaml'): readonly Fenced[] =>
  FILES.flatMap((file) =>
    [...readFileSync(join(ROOT, file), 'utf8').matchAll(/^```(\S*)\n([\s\S]*?)^```$/gm)]
      .filter(([, found]) => found === language)
      .map(([, , text = '']) => ({ file, text })),
  );

/** Code within a line of text, `kubectl voucher plans` for example. */
export const inlineCode = (): readonly Fenced[] =>
  FILES.flatMap((file) =>
    [
      ...readFileSync(join(ROOT, file), 'utf8')
        .replaceAll(/^```[\s\S]*?^```$/gm, '')
        .matchAll(/`([^`]+)`/g),
    ].map(([, text = '']) => ({ file, text: text.replaceAll('\n', ' ') })),
  );

/** A line goes on in the next one after a backslash, within quotes, after a pipe, and until a loop is done. */
const isOpen = (text: string): boolean => {
  const unquoted = text.replaceAll(/'[^']*'|"(?:\\.|[^"\\])*"/g, '');
  return /\\$|\|$/.test(text) || /['"]/.test(unquoted) || (/^for\b/.test(text) && !/\bdone$/.test(text));
};

/** `# comment` at the end, where a shell sees one. */
const withoutComment = (line: string): string =>
  line.replace(/^((?:[^#'"]|'[^']*'|"[^"]*"|(?<=\S)#)*?)\s*(?:^|\s)#.*$/, '$1');

/** Of a block: one string for each command, in one line. Commands that `&&` joins are several; a loop is one. */
export const commandsOf = (block: string): readonly string[] => {
  const commands: string[] = [];
  let open = '';
  for (const line of block.split('\n')) {
    const text = open === '' ? withoutComment(line) : `${open}\n${line}`;
    if (isOpen(text)) {
      open = text;
      continue;
    }
    open = '';
    const whole = text.replaceAll(/\\\n/g, ' ').replaceAll(/\s+/g, ' ').trim();
    commands.push(...(whole.startsWith('for ') ? [whole] : whole.split(' && ')));
  }
  if (open !== '') throw new Error(`a command does not end: ${open}`);
  return commands.filter((command) => command !== '');
};

/** As a shell splits them: quotes go, and what they hold stays together. */
export const argumentsOf = (command: string): readonly string[] =>
  [...command.matchAll(/(?:[^\s'"]|'[^']*'|"(?:\\.|[^"\\])*")+/g)].map(([word]) =>
    word.replaceAll(/'([^']*)'|"((?:\\.|[^"\\])*)"/g, (_, single?: string, double?: string) => single ?? double ?? ''),
  );
