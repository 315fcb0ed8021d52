/** Metrics of the records tier, besides those of every worker (worker/metrics.ts). */
import type { Registry } from 'prom-client';
import { METRICS } from '../../contract/app-contract.ts';
import { metric } from '../../contract/metrics/metrics.ts';
import { counter } from '../../runtime/metrics.ts';
import { REJECTIONS } from './decode.ts';
import type { RecordsCommit } from './part.ts';

/** Members of a commit's result, and their labels. */
const RESULTS = [
  ['inserted', 'inserted'],
  ['superseded', 'superseded'],
  ['repeated', 'repeated'],
  ['facts', 'fact'],
  ['kept', 'kept'],
  ['uncounted', 'uncounted'],
] as const;

/** @returns what counts a commit */
export const countCommits = (registry: Registry): ((commit: RecordsCommit) => void) => {
  const committed = counter(registry, metric(METRICS.recordsCommitted));
  const rejected = counter(registry, metric(METRICS.recordsRejected));
  // From zero, so that a rate includes the first event.
  for (const [, result] of RESULTS) committed.inc({ result }, 0);
  for (const reason of REJECTIONS) rejected.inc({ reason }, 0);
  return ({ result, setAside }) => {
    for (const [member, label] of RESULTS) committed.inc({ result: label }, result[member]);
    for (const { kind } of setAside) rejected.inc({ reason: kind });
  };
};
