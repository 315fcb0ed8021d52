/** Metrics of the records tier, besides those of every worker (worker/metrics.ts). */
import { Counter, type Registry } from 'prom-client';
import { METRICS } from '../../contract/app-contract.ts';
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
  const registers = [registry];
  const committed = new Counter({
    name: METRICS.recordsCommitted,
    help: 'Events committed to the database, by result. kept: of a later release, until a worker of that release records it. uncounted: canaries and rehearsals.',
    labelNames: ['result'],
    registers,
  });
  const rejected = new Counter({
    name: METRICS.recordsRejected,
    help: 'Messages set aside permanently, by reason.',
    labelNames: ['reason'],
    registers,
  });
  // From zero, so that a rate includes the first event.
  for (const [, result] of RESULTS) committed.inc({ result }, 0);
  for (const reason of REJECTIONS) rejected.inc({ reason }, 0);
  return ({ result, setAside }) => {
    for (const [member, label] of RESULTS) committed.inc({ result: label }, result[member]);
    for (const { kind } of setAside) rejected.inc({ reason: kind });
  };
};
