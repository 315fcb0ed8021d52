/** Lines of text with a tone, laid out in cells: Chinese characters take two. Pure. */
import stringWidth from 'string-width';

/** Words and signs carry the meaning; tones only help to find it. */
export type Tone = 'strong' | 'soft' | 'good' | 'warn' | 'bad' | 'accent' | 'curve';

export interface Span {
  readonly text: string;
  readonly tone?: Tone | undefined;
}
export type Line = readonly Span[];

const SGR: Readonly<Record<Exclude<Tone, 'curve'>, string>> = {
  strong: '1',
  soft: '2',
  good: '32',
  warn: '33',
  bad: '1;31',
  accent: '36',
};
/** The unknown part of a curve is softer than the known one. */
const CURVE = /(·+)/;
const ESCAPE = '\u001b[';

export const span = (text: string, tone?: Tone): Span => ({ text, tone });
export const line = (text = '', tone?: Tone): Line => (text === '' ? [] : [span(text, tone)]);

export const width = (text: string): number => stringWidth(text);
export const lineWidth = (spans: Line): number => spans.reduce((sum, { text }) => sum + width(text), 0);

export const padded = (text: string, cells: number, side: 'left' | 'right' = 'right'): string => {
  const space = ' '.repeat(Math.max(0, cells - width(text)));
  return side === 'right' ? `${text}${space}` : `${space}${text}`;
};

/** `成都消费券 sp…` in at most so many cells. */
export const clipped = (text: string, cells: number): string => {
  if (width(text) <= cells) return text;
  let kept = '';
  for (const character of text) {
    if (width(kept + character) > cells - 1) break;
    kept += character;
  }
  return cells < 1 ? '' : `${kept}…`;
};

/** Words over lines of at most so many cells; a longer word is not cut, because commands are copied. */
export const wrapped = (text: string, cells: number): readonly string[] => {
  if (width(text) <= cells) return [text];
  const lines: string[] = [];
  let current = '';
  for (const word of text.split(' ')) {
    const next = current === '' ? word : `${current} ${word}`;
    if (current !== '' && width(next) > cells) {
      lines.push(current);
      current = word;
    } else current = next;
  }
  return [...lines, current];
};

/** The first line after `head`, the others indented below it. */
export const hanging = (head: Line, text: string, columns: number, tone?: Tone): readonly Line[] => {
  const indent = lineWidth(head);
  return wrapped(text, Math.max(20, columns - indent)).map((part, index) =>
    index === 0 ? [...head, span(part, tone)] : [span(' '.repeat(indent)), span(part, tone)],
  );
};

/** `left` and, where it fits, `right` at the edge. */
export const apart = (left: Line, right: Line, columns: number): Line => {
  const gap = columns - lineWidth(left) - lineWidth(right);
  if (!Number.isFinite(gap)) return [...left, span('  '), ...right];
  return gap < 2 ? left : [...left, span(' '.repeat(gap)), ...right];
};

export interface Column {
  readonly title: string;
  readonly side?: 'left' | 'right';
}

/** Rows below their titles; the last column gets the rest of the width, over several lines if needed. */
export const grid = (
  columns: readonly Column[],
  rows: readonly (readonly Span[])[],
  total: number,
): readonly Line[] => {
  const fixed = columns.slice(0, -1);
  const widths = fixed.map(({ title }, index) =>
    Math.max(width(title), ...rows.map((row) => width(row[index]?.text ?? ''))),
  );
  const cells = (row: readonly Span[]): Line =>
    fixed.map(({ side = 'right' }, index) => {
      const { text = '', tone } = row[index] ?? {};
      return span(`${padded(text, widths[index] ?? 0, side)}  `, tone);
    });
  const last = (row: readonly Span[]): Span => row[columns.length - 1] ?? span('');
  const titles = columns.map(({ title }) => span(title, 'soft'));
  return [
    [...cells(titles), last(titles)],
    ...rows.flatMap((row) => hanging(cells(row), last(row).text, total, last(row).tone)),
  ];
};

const clippedLine = (spans: Line, columns: number): Line => {
  if (lineWidth(spans) <= columns) return spans;
  const kept: Span[] = [];
  let left = columns;
  for (const { text, tone } of spans) {
    const part = width(text) < left ? text : clipped(`${text} `, left);
    kept.push(span(part, tone));
    left -= width(part);
    if (part !== text) break;
  }
  return kept;
};

export interface Look {
  /** Infinity on a pipe: nothing is cut. */
  readonly columns: number;
  readonly isColoured: boolean;
}

const toned = ({ text, tone }: Span): string => {
  if (tone === undefined || text.trim() === '') return text;
  if (tone !== 'curve') return `${ESCAPE}${SGR[tone]}m${text}${ESCAPE}0m`;
  return text
    .split(CURVE)
    .map((part) => (part === '' ? '' : toned(span(part, CURVE.test(part) ? 'soft' : 'accent'))))
    .join('');
};

export const rendered = (lines: readonly Line[], { columns, isColoured }: Look): readonly string[] =>
  lines.map((spans) =>
    clippedLine(spans, columns)
      .map((part) => (isColoured ? toned(part) : part.text))
      .join('')
      .trimEnd(),
  );
