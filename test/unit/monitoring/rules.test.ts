/** Rules name only metrics, labels and conditions that exist, by Prometheus' own grammar. */
import { describe, expect, it } from '@jest/globals';
import { CONDITION_REASONS, CONDITION_TYPES } from '../../../contract/conditions.ts';
import type { Metric } from '../../../contract/metrics/metric.ts';
import { METRIC_SECTIONS } from '../../../contract/metrics/metrics.ts';
import { TIERS } from '../../../contract/tiers.ts';
import { RECORDINGS } from '../../../observability/recordings.ts';
import { ALERTS, ruleGroups } from '../../../observability/rules.ts';
import { namedIn } from '../../helpers/promql.ts';

const METRICS: readonly Metric[] = Object.values(METRIC_SECTIONS).flatMap((section) => Object.values(section));

/** Series of a histogram have endings of their own. */
const exposed = new Set(
  METRICS.flatMap(({ name, type }) =>
    type === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
  ),
);
/** Of metrics, and those that the scrape configuration or the rule itself adds. */
const labels = new Set<string>([
  ...METRICS.flatMap((metric) => metric.labels),
  ...['namespace', 'name', 'tier', 'pod', 'le'],
]);

const EXPRESSIONS = ruleGroups().groups.flatMap(({ rules }) => rules.map(({ expr }) => expr));
const known = new Set([...exposed, ...RECORDINGS.map(({ record }) => record)]);

/** What is wrong with an expression. */
const faultsOf = (expr: string): readonly string[] => {
  const { errors, metrics, labels: named } = namedIn(expr);
  return [...errors, ...metrics.filter((name) => !known.has(name)), ...named.filter((label) => !labels.has(label))];
};

describe('metrics', () => {
  it('have names by the convention', () => {
    const wrong = METRICS.filter(
      ({ name, type }) => !/^voucher_[a-z]+(_[a-z]+)+$/.test(name) || (type === 'counter') !== name.endsWith('_total'),
    );
    expect(wrong.map(({ name }) => name)).toEqual([]);
    expect(new Set(METRICS.map(({ name }) => name)).size).toBe(METRICS.length);
  });

  it('have labels that are bounded: no pod, no receipt, no text of an error', () => {
    expect(METRICS.filter((metric) => metric.labels.some((label) => /pod|receipt|citizen|error/.test(label)))).toEqual(
      [],
    );
  });

  it('have buckets at the goals where citizens wait', () => {
    const answers = METRICS.find(({ name }) => name === 'voucher_intake_answer_seconds');
    for (const goal of [0.1, 0.3, 0.5, 1, 3]) expect(answers?.buckets).toContain(goal);
  });
});

describe('rules', () => {
  it('are read by the grammar, and name only what exists', () => {
    expect(EXPRESSIONS.flatMap(faultsOf)).toEqual([]);
  });

  it('would be refused with a metric, a label or a bracket that does not exist', () => {
    expect(faultsOf('voucher_no_such_total')).toEqual(['voucher_no_such_total']);
    expect(faultsOf('voucher_tier_min_replicas{flavour="x"}')).toEqual(['flavour']);
    expect(faultsOf('sum(voucher_tier_min_replicas')).not.toEqual([]);
  });

  it('name only conditions and reasons that the operator writes', () => {
    const reasons = new Set<string>(CONDITION_TYPES.flatMap((type) => CONDITION_REASONS[type]));
    const words = EXPRESSIONS.flatMap((expr) =>
      [...expr.matchAll(/reason[!=]~"([\w|]+)"/g)].flatMap(([, named = '']) => named.split('|')),
    );
    expect(words.length).toBeGreaterThan(30);
    expect(words.filter((word) => !reasons.has(word))).toEqual([]);
  });

  it('have names by level, metric and operation', () => {
    for (const { record } of RECORDINGS)
      expect(record).toMatch(/^(campaign|tier|namespace):voucher_[a-z_]+:[a-z0-9_]+$/);
  });

  it('say in plain text what is wrong, with the campaign where there is one', () => {
    for (const [name, { summary, description, expr }] of Object.entries(ALERTS)) {
      expect(name).toMatch(/^Voucher[A-Z]\w+$/);
      expect(summary).not.toMatch(/\.$/);
      expect(description).toMatch(/\.$/);
      if (/by \(namespace, name/.test(expr)) expect(summary).toContain('{{ $labels.name }}');
    }
  });

  it('join series by the tiers that there are', () => {
    const tiers = EXPRESSIONS.flatMap((expr) => [...expr.matchAll(/tier!?="(\w+)"/g)].map(([, tier = '']) => tier));
    expect(tiers.filter((tier) => !TIERS.some((one) => one === tier))).toEqual([]);
  });
});
