/** What a query of Prometheus names, by Prometheus' own grammar. */
import { parser } from '@prometheus-io/lezer-promql';

export interface Named {
  /** Parts that the grammar does not know, with their text. */
  readonly errors: readonly string[];
  readonly metrics: readonly string[];
  /** In matchers and groupings. */
  readonly labels: readonly string[];
}

/** Grafana's variables as Prometheus gets them. */
export const withVariables = (expr: string, values: Readonly<Record<string, string>>): string =>
  expr.replaceAll(/\$(\w+)/g, (whole, name: string) => values[name] ?? whole);

export const namedIn = (expr: string): Named => {
  const [errors, metrics, labels]: [string[], Set<string>, Set<string>] = [[], new Set(), new Set()];
  parser.parse(expr).iterate({
    enter({ type, from, to, node }) {
      const text = expr.slice(from, to);
      if (type.isError) errors.push(expr.slice(Math.max(0, from - 20), to + 20));
      if (type.name === 'Identifier' && node.parent?.type.name === 'VectorSelector') metrics.add(text);
      if (type.name === 'LabelName') labels.add(text);
    },
  });
  return { errors, metrics: [...metrics], labels: [...labels] };
};
