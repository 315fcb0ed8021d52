import { describe, expect, it } from '@jest/globals';
import { tiersToAskAgain } from '../../../operator/apply/ask-again.ts';
import type { TierProblem } from '../../../operator/tick/tier-problem.ts';
import { anObservedTier } from '../../helpers/observed.ts';

const NOW_MS = 1_000_000_000;
const quota = { kind: 'quota', quota: 'compute', replicas: 4, missing: [] } as const;
const refused = { kind: 'refused', message: 'violates PodSecurity' } as const;

describe('tiersToAskAgain', () => {
  it.each<[string, readonly TierProblem[], number | undefined, boolean]>([
    ['nothing is wrong', [], undefined, false],
    ['a quota that is full now', [{ ...quota, now: 'full' }], undefined, false],
    ['a quota with room by now', [{ ...quota, now: 'room' }], undefined, true],
    ['… asked a moment ago', [{ ...quota, now: 'room' }], 2_000, false],
    ['… asked 3 s ago', [{ ...quota, now: 'room' }], 3_000, true],
    ['a quota that nobody can look at', [quota], undefined, true],
    ['… asked 5 s ago', [quota], 5_000, false],
    ['… asked 8 s ago', [quota], 8_000, true],
    ['a policy, asked 8 s ago', [refused], 8_000, true],
    ['a policy beside a quota that is full', [{ ...quota, now: 'full' }, refused], 8_000, true],
    ['controllers that have not acted yet', [{ ...refused, isUnanswered: true }], undefined, false],
    ['a clock that was an hour ahead', [refused], -3_600_000, true],
    [
      'pods that can’t start',
      [{ kind: 'not_starting', replicas: 1, reason: 'ErrImagePull', message: '' }],
      undefined,
      false,
    ],
  ])('%s', (_, problems, agoMs, want) => {
    const intake = anObservedTier('intake', 4);
    const deployment = { ...intake.deployment, ...(agoMs === undefined ? {} : { askedAgainAtMs: NOW_MS - agoMs }) };
    const cluster = { tiers: { intake: { ...intake, deployment, problems } }, plans: [] };
    expect(tiersToAskAgain(cluster, NOW_MS)).toEqual(want ? ['chengdu-intake'] : []);
  });
});
