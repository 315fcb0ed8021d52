import { expect, it } from '@jest/globals';
import type { Frozen } from '../../../contract/control.ts';
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

const messageOf = (draw?: ObservedJob): string => {
  const observed = anObserved({ freeze: { kind: 'done', frozen } });
  const jobs = draw === undefined ? {} : { draw };
  return listFrozen({ campaign: aCampaign(), observed: { ...observed, cluster: { ...observed.cluster, jobs } } })
    .message;
};
const name = 'chengdu-draw';

it.each<readonly [string, ObservedJob | undefined, RegExp]>([
  ['there is no Job yet', undefined, /shard 0\. The list is made from them\.$/],
  ['the Job is at work', { name, state: 'running', failedPods: 0 }, /The list is made from them\.$/],
  [
    'it tries again',
    { name, state: 'running', failedPods: 2 },
    /2 of its pods failed; it tries again.*kubectl logs job\/chengdu-draw\.$/,
  ],
  [
    'it failed',
    { name, state: 'failed', failedPods: 7 },
    /failed to make the list.*kubectl delete job chengdu-draw\.$/,
  ],
])('a frozen list without a list of entries says what its Job does: %s', (_, job, text) => {
  expect(messageOf(job)).toMatch(text);
});
