/**
 * The few lines that we need of a Prometheus text page (exposition format 0.0.4). Strict where it matters: a page that
 * was cut off ends in the middle of a line and must not be read as a smaller number.
 */

export interface MetricSample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const LINE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})?\s+(\S+)(?:\s+-?\d+)?$/;
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"(?:,|$)/g;

const UNESCAPED: Readonly<Record<string, string>> = { n: '\n', '"': '"', '\\': '\\' };

const parseLabels = (text: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    [...text.matchAll(LABEL)].map(([, name = '', raw = '']) => [
      name,
      raw.replace(/\\(.)/g, (_match, character: string) => UNESCAPED[character] ?? character),
    ]),
  );

const parseValue = (text: string): number => {
  if (text === '+Inf') return Number.POSITIVE_INFINITY;
  if (text === '-Inf') return Number.NEGATIVE_INFINITY;
  return text === 'NaN' ? Number.NaN : Number(text);
};

/** Samples of the families asked for, by name. @throws Error for a page that is no metrics page or was cut off */
export const parseMetrics = (page: string, names: readonly string[]): ReadonlyMap<string, readonly MetricSample[]> => {
  if (!page.endsWith('\n')) throw new Error('the metrics page was cut off: it does not end with a line feed');
  const found = new Map<string, MetricSample[]>();
  for (const line of page.split('\n')) {
    if (line === '' || line.startsWith('#') || !names.some((name) => line.startsWith(name))) continue;
    const [, name = '', labels = '', value = ''] = LINE.exec(line.trimEnd()) ?? [];
    if (!names.includes(name)) continue;
    const parsed = parseValue(value);
    if (Number.isNaN(parsed)) throw new Error(`metric ${name} has no readable value`);
    found.set(name, [...(found.get(name) ?? []), { labels: parseLabels(labels), value: parsed }]);
  }
  return found;
};
