/** The condition EarlierWinnersExcluded. Pure. */
import { asBefore, type ConditionInput, no, unknown, type Verdict, yes } from '../conditions/verdict.ts';
import { type Exclusion, exclusionsOf } from './exclusions.ts';

type Excluded = Verdict<'EarlierWinnersExcluded'>;
type Input = Pick<ConditionInput, 'campaign' | 'observed' | 'nowMs'>;

const listedText = ({ name, state }: Exclusion): string => {
  if (state.kind !== 'listed') return '';
  const { winners, entries, unreadable, digest } = state.winners;
  const gone =
    unreadable === 0 ? '' : `, and ${unreadable} of them can't be excluded because their personal data is erased`;
  return `${name}: ${winners} winners${gone}, ${entries} hashes, digest ${digest}`;
};

const jobText = ({ observed: { cluster }, campaign: { metadata } }: Input): string => {
  const { namespace } = metadata;
  if (cluster.isJobsUnseen === true)
    return ' No list is made, because the operator has no permission to list Jobs in this namespace (docs/operations.md).';
  const jobs = Object.entries(cluster.jobs ?? {}).flatMap(([key, job]) => (key.startsWith('exclude') ? [job] : []));
  const failed = jobs.find(({ state, failedPods }) => state === 'failed' || failedPods > 0);
  if (failed !== undefined)
    return ` Pods of Job ${failed.name} failed. The log says why: kubectl logs job/${failed.name} -n ${namespace}.`;
  const starting = jobs.find(({ state }) => state === 'starting');
  return starting === undefined
    ? ''
    : ` The pod of Job ${starting.name} does not run yet. If that lasts, a Secret may be missing: kubectl describe pods -n ${namespace} -l job-name=${starting.name}.`;
};

/**
 * The worst state of all earlier campaigns counts. Rows are tried from the top.
 *
 * | one of the earlier campaigns                        | status  | reason |
 * |------------------------------------------------------|---------|--------|
 * | has no object, and there is no list                  | False   | CampaignNotFound |
 * | its keys are destroyed, and there is no list         | False   | KeysDestroyed |
 * | its entry can't be read                              | Unknown | EntryUnreadable |
 * | was not asked for yet                                | as before, else Unknown | NotYetObserved |
 * | the journal did not answer                           | Unknown | JournalUnavailable |
 * | has no result                                        | False   | WaitingForResult |
 * | still issues vouchers                                | False   | WaitingForIssuance |
 * | its list is being made                               | False   | MakingLists |
 * | all have a list                                      | True    | Excluded |
 */
export const earlierWinnersExcluded = (input: Input): Excluded | undefined => {
  const { campaign, observed, nowMs } = input;
  const exclusions = exclusionsOf(campaign, observed, nowMs);
  if (exclusions.length === 0) return undefined;
  const of = (kind: Exclusion['state']['kind']): readonly Exclusion[] =>
    exclusions.filter(({ state }) => state.kind === kind);
  const names = (found: readonly Exclusion[]): string => found.map(({ name }) => name).join(', ');
  const messageOf = ([one]: readonly Exclusion[]): string =>
    one !== undefined && 'message' in one.state ? one.state.message : '';
  const waits = 'The list of the draw is not frozen without these lists.';
  const remedy =
    'Before opening, take it out of spec.eligibility.excludeWinnersOf. After opening, only another campaign, without it, can go on.';
  const missing = of('notFound');
  if (missing.length > 0)
    return no(
      'CampaignNotFound',
      `No VoucherCampaign ${names(missing)} is in this namespace, and no list of its winners was made. ${waits} Create it again with its journal (adoptJournal). ${remedy}`,
    );
  const destroyed = of('keysDestroyed');
  if (destroyed.length > 0)
    return no(
      'KeysDestroyed',
      `The personal data of ${names(destroyed)} is destroyed, so no list of its winners can be made any more. ${waits} ${remedy}`,
    );
  const unreadable = of('unreadable');
  if (unreadable.length > 0)
    return unknown(
      'EntryUnreadable',
      `A list of earlier winners is stored, but ${messageOf(unreadable)}. Install the release that wrote it, or a later one.`,
    );
  if (of('notAsked').length > 0)
    return (
      asBefore(input, 'EarlierWinnersExcluded') ??
      unknown('NotYetObserved', 'The journal has not been asked yet for the lists of earlier winners.')
    );
  const silent = of('unknown');
  if (silent.length > 0)
    return unknown(
      'JournalUnavailable',
      `Whether the lists of earlier winners are made is unknown: ${messageOf(silent)}. The operator asks again.`,
    );
  const undrawn = of('waitingForResult');
  if (undrawn.length > 0)
    return no(
      'WaitingForResult',
      `The result of the draw of ${names(undrawn)} is not announced yet. The list of its winners is made after that. ${waits}`,
    );
  const issuing = of('waitingForIssuance');
  if (issuing.length > 0)
    return no(
      'WaitingForIssuance',
      `${names(issuing)} still issues vouchers, so the next of its waiting list may move up. The list of its winners is made when every winner has a voucher, when registration of this campaign closes, or before its personal data is destroyed.`,
    );
  const making = of('making');
  if (making.length > 0)
    return no('MakingLists', `A Job makes the list of the winners of ${names(making)}. ${waits}${jobText(input)}`);
  return yes('Excluded', `Winners of earlier campaigns take no part. ${exclusions.map(listedText).join('; ')}.`);
};
