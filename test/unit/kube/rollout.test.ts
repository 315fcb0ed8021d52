import { describe, expect, it } from '@jest/globals';
import { isRollingOut } from '../../../operator/kube/pods/deployment-status.ts';

const metadata = { name: 'chengdu-intake', namespace: 'vouchers', uid: 'u', resourceVersion: '1', generation: 3 };
const late = [{ type: 'Progressing', reason: 'ProgressDeadlineExceeded' }];

describe('isRollingOut', () => {
  it.each([
    ['a template that nobody has looked at yet', { observedGeneration: 2, replicas: 5, updatedReplicas: 5 }, true],
    ['all pods of the newest template', { observedGeneration: 3, replicas: 5, updatedReplicas: 5 }, false],
    ['pods of an older one', { observedGeneration: 3, replicas: 6, updatedReplicas: 2 }, true],
    [
      'a rollout that was given up',
      { observedGeneration: 3, replicas: 6, updatedReplicas: 2, conditions: late },
      false,
    ],
    ['no pods at all', { observedGeneration: 3 }, false],
    ['no status yet', undefined, true],
  ])('%s', (_, status, want) => {
    expect(isRollingOut({ metadata, ...(status === undefined ? {} : { status }) })).toBe(want);
  });
});
