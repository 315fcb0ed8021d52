/** Metrics of manual review. None has a label with anything of a person. */
import { Counter, type Registry } from 'prom-client';

export const createReviewMetrics = (registry: Registry): ((action: string, outcome: string) => void) => {
  const requests = new Counter({
    name: 'voucher_review_requests_total',
    help: 'Requests of reviewers, by action (list, show, accept, reject) and outcome: done, or the code of the refusal.',
    labelNames: ['action', 'outcome'],
    registers: [registry],
  });
  return (action, outcome) => requests.inc({ action, outcome });
};
