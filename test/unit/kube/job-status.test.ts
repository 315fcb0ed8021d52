import { describe, expect, it } from '@jest/globals';
import { jobOf } from '../../../operator/kube/job-status.ts';
import { parseObject } from '../../../operator/kube/objects.ts';
import { buildJob } from '../../../operator/resources/job.ts';
import { aCampaign } from '../../helpers/a-campaign.ts';
import { buildOptions } from '../../helpers/build-options.ts';

const withStatus = (status?: object) => {
  const job = buildJob(aCampaign(), { job: 'draw' }, buildOptions);
  return parseObject({
    ...job,
    metadata: { ...job.metadata, uid: 'j-1', resourceVersion: '7' },
    ...(status === undefined ? {} : { status }),
  });
};
const condition = (type: string, status = 'True') => ({ conditions: [{ type, status, reason: 'x' }] });

describe('the state of a Job', () => {
  it.each([
    ['starting', 'without a status', undefined, 0],
    ['starting', 'with a pod that waits for a Secret', { active: 1, ready: 0 }, 0],
    ['running', 'with a pod', { active: 1, ready: 1 }, 0],
    ['starting', 'with a failed pod, and tries left', { failed: 1 }, 1],
    ['starting', 'about to fail', condition('FailureTarget'), 0],
    ['starting', 'with a condition that is not true', condition('Failed', 'False'), 0],
    ['done', 'complete', condition('Complete'), 0],
    ['failed', 'out of tries', { ...condition('Failed'), failed: 7 }, 7],
  ] as const)('is %s: %s', (state, _, status, failedPods) => {
    expect(jobOf(withStatus(status))).toEqual({ name: 'chengdu-draw', state, failedPods });
  });
});
