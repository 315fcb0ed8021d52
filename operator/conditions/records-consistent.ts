/** Whether journal and database agree, by what the Job `compare` reports; and why nothing is compared. */
import type { ComparisonReport } from '../../contract/compare.ts';
import { tierName } from '../../contract/names.ts';
import type { VoucherCampaign } from '../../contract/types/campaign.ts';
import type { Observed } from '../tick/observed.ts';
import { asBefore, type ConditionInput, no, unknown, type Verdict, yes } from './verdict.ts';

type Consistent = Verdict<'RecordsConsistent'>;
type Names = Pick<VoucherCampaign['metadata'], 'name' | 'namespace'>;

/** The largest campaign is compared each minute; a pod that reads the journal again needs minutes. */
const OLD_AFTER_MS = 600_000;

/** `3 rows in 2 buckets (bucket 17: 2, bucket 300: 1)`. */
export const differencesText = ({ buckets, rows }: ComparisonReport): string => {
  const total = rows.reduce((sum, one) => sum + one.rows, 0);
  const each = rows.map((one) => `bucket ${one.bucket}: ${one.rows}`).join(', ');
  const isPart = rows.length < buckets;
  return `${isPart ? 'at least ' : ''}${total} ${total === 1 ? 'row' : 'rows'} in ${buckets} ${buckets === 1 ? 'bucket' : 'buckets'} of 1,024 (${each}${isPart ? ', …' : ''})`;
};

export const listCommand = ({ name, namespace }: Names): string =>
  `kubectl voucher consistency --list ${name} -n ${namespace}`;

/**
 * Why nothing is compared, and what to do.
 *
 * | the Job                  | says                            |
 * |--------------------------|---------------------------------|
 * | Jobs can't be listed     | which permission is missing     |
 * | none                     | that the operator creates it    |
 * | failed                   | where its log is                |
 * | its pod does not run     | where to look                   |
 * | runs, without a report   | that the operator must reach it |
 * | runs, and is behind      | whom it waits for               |
 * | runs, before its first round | that it reads the journal   |
 * | runs                     | where its log is                |
 */
export const whyNotCompared = (
  { cluster: { jobs, isJobsUnseen }, comparison }: Pick<Observed, 'cluster' | 'comparison'>,
  { name, namespace }: Names,
): string => {
  const own = tierName(name, 'compare');
  if (isJobsUnseen === true) {
    return 'The operator has no permission to list Jobs in this namespace. Permit it to get, list, watch and create jobs of the group batch (docs/operations.md).';
  }
  const job = jobs?.compare;
  if (job === undefined) {
    return `Job ${own} does not exist yet; the operator creates it. If that lasts, see the condition Provisioned.`;
  }
  if (job.state === 'failed') {
    return `Job ${own} failed. Its log says why: kubectl logs job/${own} -n ${namespace}. The operator creates it again after the cluster has deleted it. To retry now: kubectl delete job ${own} -n ${namespace}.`;
  }
  if (job.state === 'done')
    return `Job ${own} has ended; the operator creates it again after the cluster has deleted it.`;
  if (job.state === 'starting') {
    return `The pod of Job ${own} does not run. If that lasts, look for a refused pod: kubectl describe job ${own} -n ${namespace}. Otherwise: kubectl describe pods -n ${namespace} -l job-name=${own}.`;
  }
  if (comparison === undefined) {
    return `Job ${own} runs and has not reported yet. If that lasts, check that the operator reaches the admin port of its pod: kubectl get pods -n ${namespace} -l job-name=${own}.`;
  }
  if (comparison.behind === 'records') {
    return `Job ${own} waits until the records tier has processed more of the backlog (condition RecordsAvailable).`;
  }
  if (comparison.behind === 'journal') return `Job ${own} waits until the journal delivers all stored messages.`;
  const log = `its log says why: kubectl logs job/${own} -n ${namespace}.`;
  return comparison.roundAtMs === undefined
    ? `Job ${own} reads the journal from its first message on, which takes minutes for a million registrations. If that lasts, ${log}`
    : `Job ${own} runs, but completes no comparison; ${log}`;
};

/**
 * | list of the draw | last round of the comparison            | status  | reason         |
 * |------------------|-----------------------------------------|---------|----------------|
 * | made             | any                                     | as before, else Unknown | as before, else NotCompared |
 * | unknown          | none: a new leader                      | as before, else Unknown | as before, else NotYetObserved |
 * | any              | before opening                          | Unknown | NotCompared    |
 * | not made         | none, or older than ten minutes         | Unknown | NotCompared    |
 * | not made         | rows differ, as in the round before     | False   | RowsDiffer     |
 * | not made         | otherwise                               | True    | RowsAgree      |
 */
export const recordsConsistent = (
  input: Pick<ConditionInput, 'observed' | 'campaign' | 'times' | 'nowMs'>,
): Consistent => {
  const { observed, campaign, times, nowMs } = input;
  const { freeze, comparison } = observed;
  const before = asBefore(input, 'RecordsConsistent');
  if (freeze?.kind === 'done' && freeze.listed !== undefined) {
    return before?.status === 'True' || before?.status === 'False'
      ? before
      : unknown('NotCompared', 'The list of the draw is made. Journal and database are not compared any more.');
  }
  if (freeze === undefined && comparison === undefined) {
    return before ?? unknown('NotYetObserved', 'Journal and database have not been compared yet.');
  }
  if (nowMs < times.opensAtMs) {
    return unknown('NotCompared', 'Journal and database are compared from opening on.');
  }
  const { roundAtMs } = comparison ?? {};
  if (comparison === undefined || roundAtMs === undefined || nowMs - roundAtMs > OLD_AFTER_MS) {
    const since = roundAtMs === undefined ? '' : ` since ${new Date(roundAtMs).toISOString()}`;
    return unknown(
      'NotCompared',
      `Journal and database have not been compared${since}. ${whyNotCompared(observed, campaign.metadata)}`,
    );
  }
  if (comparison.buckets > 0) {
    return no(
      'RowsDiffer',
      `Journal and database differ: ${differencesText(comparison)}. Registration continues; the list of the draw is not frozen meanwhile. List the rows: ${listCommand(campaign.metadata)}. The journal is right: rebuild the rows from it (docs/operations.md, "When journal and database differ").`,
    );
  }
  return yes('RowsAgree', 'The rows in the database match the journal.');
};
