/**
 * How Helm 4 (`--wait`), Flux and `kubectl wait` read an object, by their own documents: kstatus of
 * sigs.k8s.io/cli-utils (status/generic.go and checkReadyCondition) and `kubectl wait --for=condition`.
 */
import type { VoucherCampaign } from '../../contract/types/campaign.ts';

export type KStatus = 'Terminating' | 'InProgress' | 'Failed' | 'Current';

/**
 * | the object                                             | is          |
 * |--------------------------------------------------------|-------------|
 * | has a deletionTimestamp                                | Terminating |
 * | says an observedGeneration other than its generation   | InProgress  |
 * | the first of Reconciling=True and Stalled=True in the list is Reconciling | InProgress |
 * | … is Stalled                                           | Failed      |
 * | Ready is False or Unknown                              | InProgress  |
 * | otherwise, also without any condition                  | Current     |
 */
export const kstatusOf = ({ metadata, status }: Pick<VoucherCampaign, 'metadata' | 'status'>): KStatus => {
  if (metadata.deletionTimestamp !== undefined) return 'Terminating';
  const { observedGeneration, conditions = [] } = status ?? {};
  if (observedGeneration !== undefined && observedGeneration !== metadata.generation) return 'InProgress';
  const abnormal = conditions.find(
    ({ type, status: is }) => ['Reconciling', 'Stalled'].includes(type) && is === 'True',
  );
  if (abnormal !== undefined) return abnormal.type === 'Stalled' ? 'Failed' : 'InProgress';
  const ready = conditions.find(({ type }) => type === 'Ready');
  return ready === undefined || ready.status === 'True' ? 'Current' : 'InProgress';
};

/** Whether `kubectl wait --for=condition=TYPE` ends: a condition of an older generation does not count. */
export const kubectlWaitEnds = (
  { metadata, status }: Pick<VoucherCampaign, 'metadata' | 'status'>,
  type: string,
  wanted: 'True' | 'False' = 'True',
): boolean =>
  (status?.conditions ?? []).some(
    (one) =>
      one.type === type &&
      one.status === wanted &&
      (one.observedGeneration === undefined || one.observedGeneration >= (metadata.generation ?? 0)),
  );
