/** Dashboards → Grafana's JSON, by its own typed builders. Pure. */

import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import {
  BigValueGraphMode,
  LegendDisplayMode,
  LegendPlacement,
  ReduceDataOptionsBuilder,
  StackingConfigBuilder,
  StackingMode,
  VizLegendOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common';
import {
  DashboardBuilder,
  DashboardCursorSync,
  DatasourceVariableBuilder,
  type Panel as GrafanaPanel,
  QueryVariableBuilder,
  RowBuilder,
  VariableRefresh,
  VariableSort,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { DataqueryBuilder, PromQueryFormat } from '@grafana/grafana-foundation-sdk/prometheus';
import { PanelBuilder as StatBuilder } from '@grafana/grafana-foundation-sdk/stat';
import { PanelBuilder as TableBuilder } from '@grafana/grafana-foundation-sdk/table';
import { PanelBuilder as SeriesBuilder } from '@grafana/grafana-foundation-sdk/timeseries';
import { DASHBOARDS } from '../../observability/dashboards/dashboards.ts';
import type { Dashboard, Panel, Query } from '../../observability/dashboards/panel.ts';

const SOURCE = { type: 'prometheus', uid: '$datasource' };

const target = ({ expr, legend }: Query, index: number, isInstant: boolean): DataqueryBuilder => {
  const query = new DataqueryBuilder()
    .refId(String.fromCharCode(65 + index))
    .datasource(SOURCE)
    .expr(expr)
    .legendFormat(legend);
  return isInstant ? query.instant() : query.range();
};

const panelOf = ({ kind, title, description, unit, queries, width }: Panel): Builder<GrafanaPanel> => {
  const isInstant = kind === 'now' || kind === 'table';
  const targets = queries.map((query, index) => target(query, index, isInstant));
  switch (kind) {
    case 'now':
      return new StatBuilder()
        .title(title)
        .description(description)
        .datasource(SOURCE)
        .unit(unit)
        .graphMode(BigValueGraphMode.None)
        .reduceOptions(new ReduceDataOptionsBuilder().calcs(['lastNotNull']))
        .span(width ?? 4)
        .height(4)
        .targets(targets);
    case 'table':
      return new TableBuilder()
        .title(title)
        .description(description)
        .datasource(SOURCE)
        .unit(unit)
        .span(width ?? 12)
        .height(8)
        .targets(targets.map((one) => one.format(PromQueryFormat.Table)));
    case 'lines':
    case 'stacked': {
      const series = new SeriesBuilder()
        .title(title)
        .description(description)
        .datasource(SOURCE)
        .unit(unit)
        .min(0)
        .legend(
          new VizLegendOptionsBuilder()
            .showLegend(true)
            .displayMode(LegendDisplayMode.List)
            .placement(LegendPlacement.Bottom)
            .calcs([]),
        )
        .span(width ?? 12)
        .height(8)
        .targets(targets);
      return kind === 'lines'
        ? series
        : series.fillOpacity(40).stacking(new StackingConfigBuilder().mode(StackingMode.Normal));
    }
  }
};

const variable = (name: string, label: string, query: string): QueryVariableBuilder =>
  new QueryVariableBuilder(name)
    .label(label)
    .datasource(SOURCE)
    .query(query)
    .definition(query)
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .sort(VariableSort.AlphabeticalAsc);

const build = ({ uid, title, description, of, rows }: Dashboard): object => {
  const board = new DashboardBuilder(title)
    .uid(uid)
    .description(description)
    .tags(['voucher-operator'])
    .readonly()
    .tooltip(DashboardCursorSync.Crosshair)
    .time({ from: 'now-30m', to: 'now' })
    .timezone('browser')
    .refresh('10s')
    .withVariable(new DatasourceVariableBuilder('datasource').label('Prometheus').type('prometheus'));
  if (of === 'campaign') {
    board
      .withVariable(variable('namespace', 'Namespace', 'label_values(voucher_campaign_info, namespace)'))
      .withVariable(variable('name', 'Campaign', 'label_values(voucher_campaign_info{namespace="$namespace"}, name)'));
  }
  for (const row of rows) {
    board.withRow(new RowBuilder(row.title));
    for (const panel of row.panels) board.withPanel(panelOf(panel));
  }
  return board.build();
};

/** Path → content. */
export const renderDashboards = (): readonly (readonly [string, string])[] =>
  Object.entries(DASHBOARDS).map(([file, dashboard]) => [
    `charts/voucher-operator/files/dashboards/${file}.json`,
    `${JSON.stringify(build(dashboard), null, 1)}\n`,
  ]);
