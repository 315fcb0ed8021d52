/** Every metric of the product by its name; docs/metrics.md is generated from it. Registries, rules and dashboards use these names. Pure. */
import { ARRIVALS } from './arrivals.ts';
import { CAMPAIGNS, OPERATING, TIER_TERMS } from './operator.ts';
import { COMPARE, WORKER } from './workers.ts';

/** By subject, in the order of the document. */
export const METRIC_SECTIONS = {
  'Campaigns, as the operator sees them': CAMPAIGNS,
  'Replicas of a tier, and why': TIER_TERMS,
  'The operator itself': OPERATING,
  'Pods that citizens reach': ARRIVALS,
  'Pods that read the journal': WORKER,
  'Comparison of journal and database': COMPARE,
} as const;

const ALL = { ...CAMPAIGNS, ...TIER_TERMS, ...OPERATING, ...ARRIVALS, ...WORKER, ...COMPARE } as const;
export type MetricName = keyof typeof ALL;

/** What is known of a metric; registered by runtime/metrics.ts. */
export const metric = <N extends MetricName>(name: N): (typeof ALL)[N] => ALL[name];
