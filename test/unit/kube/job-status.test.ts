import { describe, expect, it } from '@jest/globals';
import { jobOf } from '../../../operator/kube/job-status.ts';
import { parseObject } from '../../../operator/kube/objects.ts';
import { buildJob } from '../../../operator/resources/job.ts';
import { aCampaign } from '../../helpers/a-campaign.ts';
import { buildOptions } from '../../helpers/build-options.ts';

const withStatus = (status?: object) => {
  const job = buildJob(aCampaign(), 'draw', buildOptions);
  return parseObject({
    ...job,
    metadata: { ...job.metadata, uid: 'j-1', resourceVersion: '7' },
    ...(status === undefined ? {} : { status }),
  });
};
const condition = (type: string, status = 'True') => ({ conditions: [{ type, status, reason: 'x' }] });

describe('the state of a Job', () => {
  it.each([
    ['running', 'without a status', undefined],
    ['running', 'with a pod', { active: 1 }],
    ['running', 'with a failed pod, and tries left', { failed: 1 }],
    ['running', 'about to fail', condition('FailureTarget')],
    ['running', 'with a condition that is not true', condition('Failed', 'False')],
    ['done', 'complete', condition('Complete')],
    ['failed', 'out of tries', condition('Failed')],
  ] as const)('is %s: %s', (state, _, status) => {
    expect(jobOf(withStatus(status))).toEqual({ name: 'chengdu-draw', state });
  });
});
