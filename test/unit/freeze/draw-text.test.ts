import { expect, it } from '@jest/globals';
import type { Frozen } from '../../../contract/decisions/control.ts';
import { listFrozen } from '../../../operator/freeze/freeze-messages.ts';
import type { ObservedJob } from '../../../operator/tick/cluster-view.ts';
import { aCampaign } from '../../helpers/a-campaign.ts';
import { anObserved } from '../../helpers/observed.ts';

const frozen: Frozen = {
  v: 1,
  campaignId: 'spring',
  at: '2020-09-26T00:00:00.000Z',
  barriers: [7],
  unverified: 'exclude',
};

const messageOf = (draw?: ObservedJob, isJobsUnseen = false): string => {
  const observed = anObserved({ freeze: { kind: 'done', frozen } });
  const jobs = draw === undefined ? {} : { draw };
  return listFrozen({
    campaign: aCampaign(),
    observed: { ...observed, cluster: { ...observed.cluster, jobs, isJobsUnseen } },
  }).message;
};
const name = 'chengdu-draw';

it.each<readonly [string, ObservedJob | undefined, RegExp]>([
  ['there is no Job yet', undefined, /shard 0\. The list is being made from these messages\.$/],
  ['the Job is at work', { name, state: 'running', failedPods: 0 }, /The list is being made from these messages\.$/],
  [
    'its pod does not run yet',
    { name, state: 'starting', failedPods: 0 },
    /its pod does not run yet.*kubectl describe job chengdu-draw -n vouchers\..*describe pods -n vouchers -l job-name=chengdu-draw\.$/,
  ],
  [
    'it tries again',
    { name, state: 'running', failedPods: 2 },
    /2 of its pods failed; the Job retries.*kubectl logs job\/chengdu-draw -n vouchers\.$/,
  ],
  [
    'it failed',
    { name, state: 'failed', failedPods: 7 },
    /failed to make the list.*kubectl delete job chengdu-draw -n vouchers\.$/,
  ],
])('a frozen list without a list of entries says what its Job does: %s', (_, job, text) => {
  expect(messageOf(job)).toMatch(text);
});

it("says which permission is missing when Jobs can't be listed", () => {
  expect(messageOf(undefined, true)).toMatch(/no permission to list Jobs in this namespace.*jobs of the group batch/);
});
