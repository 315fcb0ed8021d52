/** Metrics of manual review. None has a label with anything of a person. */
import type { Registry } from 'prom-client';
import { metric } from '../../contract/metrics/metrics.ts';
import { counter } from '../../runtime/metrics.ts';

export const createReviewMetrics = (registry: Registry): ((action: string, outcome: string) => void) => {
  const requests = counter(registry, metric('voucher_review_requests_total'));
  return (action, outcome) => requests.inc({ action, outcome });
};
