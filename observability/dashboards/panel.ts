/** Dashboards as data; `npm run generate` makes Grafana's JSON of them (scripts/generate/dashboards.ts). Pure. */

/** Units of Grafana. */
export type Unit = 'short' | 'percentunit' | 's' | 'reqps' | 'ops' | 'none' | 'dateTimeFromNow' | 'currencyCNY';

export interface Query {
  readonly expr: string;
  /** `{{outcome}}`: the value of a label. */
  readonly legend: string;
}

export interface Panel {
  /** `now`: one number. `table`: one row for each series, now. */
  readonly kind: 'lines' | 'stacked' | 'now' | 'table';
  readonly title: string;
  /** What it says, and what to do when it looks wrong. */
  readonly description: string;
  readonly unit: Unit;
  readonly queries: readonly Query[];
  /** Of 24 columns; 12 unless stated, 4 for a number. */
  readonly width?: number;
  /** Why it may be empty in a run without faults, verification and issuance, such as the demo's. Absent: it must show something. */
  readonly mayBeEmpty?: string;
}

export interface Row {
  readonly title: string;
  readonly panels: readonly Panel[];
}

export interface Dashboard {
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  /** `campaign`: one campaign is chosen, by the variables `namespace` and `name`. */
  readonly of: 'campaign' | 'installation';
  readonly rows: readonly Row[];
}

/** A metric of the chosen campaign, with more matchers. */
export const of = (metric: string, ...matchers: readonly string[]): string =>
  `${metric}{${['namespace="$namespace"', 'name="$name"', ...matchers].join(', ')}}`;

/** A gauge of the operator: of two processes the leader alone has it; during a change both may be scraped. */
export const latest = (metric: string, by: string, ...matchers: readonly string[]): string =>
  `max by (${by}) (${of(metric, ...matchers)})`;

/** Of a counter, per second, all pods together. */
export const perSecond = (metric: string, by: string, ...matchers: readonly string[]): string =>
  `sum by (${by}) (rate(${of(metric, ...matchers)}[$__rate_interval]))`;

/** Of a histogram, all pods together. */
export const quantile = (q: number, metric: string, by: string, ...matchers: readonly string[]): string =>
  `histogram_quantile(${q}, sum by (${[by, 'le'].filter((one) => one !== '').join(', ')}) (rate(${of(`${metric}_bucket`, ...matchers)}[$__rate_interval])))`;
