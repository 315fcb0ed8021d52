/** Dashboards: every query is one, of metrics and labels that exist; and the JSON is what Grafana's builders make of it. */
import { describe, expect, it } from '@jest/globals';
import type { Metric } from '../../../contract/metrics/metric.ts';
import { METRIC_SECTIONS } from '../../../contract/metrics/metrics.ts';
import { DASHBOARDS, dashboardQueries } from '../../../observability/dashboards/dashboards.ts';
import { RECORDINGS } from '../../../observability/recordings.ts';
import { renderDashboards } from '../../../scripts/generate/dashboards.ts';
import { namedIn, withVariables } from '../../helpers/promql.ts';

const METRICS = new Map<string, Metric>(
  Object.values(METRIC_SECTIONS).flatMap((section) => Object.values(section).map((one: Metric) => [one.name, one])),
);
/** Of every Node process. */
const OF_NODE = /^(process|nodejs)_/;
/** That the scrape configuration adds. */
const ADDED = ['namespace', 'name', 'tier', 'instance', 'job', 'pod', 'le'];

const metricOf = (name: string): Metric | undefined =>
  METRICS.get(name) ?? METRICS.get(name.replace(/_(bucket|count|sum)$/, ''));
const VALUES = { __rate_interval: '1m', namespace: 'vouchers', name: 'spring', datasource: 'p' };

describe('every query of a dashboard', () => {
  const queries = dashboardQueries();

  it('is found, in each of the four dashboards', () => {
    expect(Object.keys(DASHBOARDS)).toEqual(['campaign', 'citizens-way', 'operator', 'owner']);
    expect(queries.length).toBeGreaterThan(50);
  });

  it.each(queries.map((one) => [`${one.where}: ${one.legend}`, one] as const))('%s', (_, { expr, legend }) => {
    const { errors, metrics, labels } = namedIn(withVariables(expr, VALUES));
    expect(errors).toEqual([]);
    const known = metrics.filter((name) => metricOf(name) !== undefined || OF_NODE.test(name));
    expect(metrics.length).toBeGreaterThan(0);
    expect(known).toEqual(metrics);
    const have = [...ADDED, ...metrics.flatMap((name) => metricOf(name)?.labels ?? [])];
    expect(labels.filter((label) => !have.includes(label))).toEqual([]);
    const shown = [...legend.matchAll(/{{(\w+)}}/g)].map(([, label]) => label ?? '');
    expect(shown.filter((label) => !labels.includes(label))).toEqual([]);
  });

  it('would be refused: errors, unknown metrics and unknown labels are seen', () => {
    expect(namedIn('sum by (tier) (rate(voucher_x[1m])').errors).not.toEqual([]);
    expect(namedIn('sum by (tier) (rate(voucher_x{code="1"}[1m]))')).toEqual({
      errors: [],
      metrics: ['voucher_x'],
      labels: ['tier', 'code'],
    });
    expect(RECORDINGS.length).toBeGreaterThan(0);
  });

  it('says of a rate that it is of a counter, and of a histogram that it is one', () => {
    for (const { where, expr } of queries) {
      for (const [, name = ''] of expr.matchAll(/rate\((\w+)/g)) {
        if (OF_NODE.test(name)) continue;
        const { type } = metricOf(name) ?? {};
        expect([where, name, type]).toEqual([where, name, name.endsWith('_bucket') ? 'histogram' : 'counter']);
      }
    }
  });
});

describe('the JSON of a dashboard', () => {
  const rendered = renderDashboards().map(([path, text]) => [path, JSON.parse(text)] as const);

  it('has every panel once, at a place of its own within 24 columns, and chooses its source', () => {
    for (const [path, board] of rendered) {
      const panels: readonly { gridPos: { x: number; y: number; w: number; h: number }; type: string; id?: number }[] =
        board.panels;
      const cells = new Set<string>();
      for (const { gridPos, type } of panels) {
        if (type === 'row') continue;
        expect([path, gridPos.x + gridPos.w <= 24]).toEqual([path, true]);
        for (let x = gridPos.x; x < gridPos.x + gridPos.w; x += 1) {
          for (let y = gridPos.y; y < gridPos.y + gridPos.h; y += 1) {
            expect([path, x, y, cells.has(`${x},${y}`)]).toEqual([path, x, y, false]);
            cells.add(`${x},${y}`);
          }
        }
      }
      expect(board.templating.list[0]).toMatchObject({ name: 'datasource', query: 'prometheus' });
    }
  });

  it('has a uid and titles of its own, and no address of anyone', () => {
    const uids = rendered.map(([, { uid }]) => uid);
    expect(new Set(uids).size).toBe(uids.length);
    for (const [, board] of rendered) expect(JSON.stringify(board)).not.toMatch(/https?:\/\//);
  });
});
