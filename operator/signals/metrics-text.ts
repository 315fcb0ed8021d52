/**
 * Parses the families that we need of a Prometheus text page (exposition format 0.0.4). Strict, because a page that was cut
 * off or garbled must not be read as a smaller number: the page ends with a line feed, and every line of a wanted family is
 * readable. The parsers on npm are lenient, and the newest is of 2024.
 */

export interface MetricSample {
  readonly labels: Readonly<Record<string, string>>;
  /** Finite or infinite, never NaN. */
  readonly value: number;
}

export class MetricsTextError extends Error {
  override readonly name = 'MetricsTextError';
  readonly kind = 'MetricsText';
}

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*/;
/** Sticky: each is tried at one place only. */
const LABEL = /[ \t]*([a-zA-Z_][a-zA-Z0-9_]*)[ \t]*=[ \t]*"((?:[^"\\]|\\.)*)"[ \t]*/y;
/** Value, and a timestamp that is not used. */
const TAIL = /^[ \t]+(\S+)(?:[ \t]+-?[0-9]+)?[ \t\r]*$/;
const DECIMAL = /^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$/;
const INFINITY = /^[+-]?inf(?:inity)?$/i;

/** Only these three are escapes; any other backslash is literal. */
const UNESCAPED: Readonly<Record<string, string>> = { n: '\n', '"': '"', '\\': '\\' };
const unescaped = (raw: string): string =>
  raw.replace(/\\(.)/g, (pair, character: string) => UNESCAPED[character] ?? pair);

const unreadable = (name: string, what: string): MetricsTextError =>
  new MetricsTextError(`metric ${name} has ${what}; the page is garbled or no metrics page`);

const labelsAt = (
  name: string,
  line: string,
  brace: number,
): { readonly labels: MetricSample['labels']; end: number } => {
  const labels: Record<string, string> = {};
  let at = brace + 1;
  while (line[at] !== '}') {
    LABEL.lastIndex = at;
    const [whole, label, raw] = LABEL.exec(line) ?? [];
    if (whole === undefined || label === undefined || raw === undefined) throw unreadable(name, 'unreadable labels');
    labels[label] = unescaped(raw);
    at += whole.length;
    if (line[at] === ',') at += 1;
    else if (line[at] !== '}') throw unreadable(name, 'unreadable labels');
  }
  return { labels, end: at + 1 };
};

const parseValue = (name: string, text: string | undefined): number => {
  if (text !== undefined && DECIMAL.test(text)) return Number(text);
  if (text === undefined || !INFINITY.test(text)) throw unreadable(name, 'no readable value');
  return text.startsWith('-') ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
};

/** By name; absent without a sample. @throws MetricsTextError: page cut off, or a wanted sample unreadable or NaN */
export const parseMetrics = (page: string, names: readonly string[]): ReadonlyMap<string, readonly MetricSample[]> => {
  if (!page.endsWith('\n'))
    throw new MetricsTextError('the metrics page was cut off: it does not end with a line feed');
  const found = new Map<string, MetricSample[]>();
  for (const line of page.split('\n')) {
    const [name] = NAME.exec(line) ?? [];
    if (name === undefined || !names.includes(name)) continue;
    const { labels, end } =
      line[name.length] === '{' ? labelsAt(name, line, name.length) : { labels: {}, end: name.length };
    const [, text] = TAIL.exec(line.slice(end)) ?? [];
    const samples = found.get(name) ?? [];
    samples.push({ labels, value: parseValue(name, text) });
    found.set(name, samples);
  }
  return found;
};
