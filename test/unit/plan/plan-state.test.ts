import { describe, expect, it } from '@jest/globals';
import { planStateChanges } from '../../../operator/plan/plan-state.ts';
import { aScalePlan } from '../../helpers/observed.ts';

const EXPIRES_AT_MS = 1_000_000;
const standing = aScalePlan({ expiresAtMs: EXPIRES_AT_MS });

describe('the state of a ScalePlan', () => {
  it.each([
    ['is written to a new one', undefined, EXPIRES_AT_MS - 1, 'Pending'],
    ['is not written twice', 'Pending', EXPIRES_AT_MS - 1, undefined],
    ['changes when its time is over', 'Pending', EXPIRES_AT_MS, 'Expired'],
    ['stays when it has long been over', 'Expired', EXPIRES_AT_MS + 86_400_000, undefined],
    ['is put right when somebody changed it', 'Approved', EXPIRES_AT_MS - 1, 'Pending'],
  ])('%s', (_, state, nowMs, want) => {
    const plan = state === undefined ? standing : { ...standing, status: { state } };
    expect(planStateChanges([plan], nowMs).map((change) => change.state)).toEqual(want === undefined ? [] : [want]);
  });
});
