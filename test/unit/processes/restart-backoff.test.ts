import { describe, expect, it } from '@jest/globals';
import { failuresAfter, restartWaitMs } from '../../../local/processes/pod.ts';

const waits = (readyMs: readonly number[]): number[] => {
  let failures = 0;
  return readyMs.map((ms) => {
    failures = failuresAfter(failures, ms);
    return restartWaitMs(failures);
  });
};

describe('the wait before a restart', () => {
  it('doubles from half a second to ten seconds', () => {
    expect(waits([0, 0, 0, 0, 0, 0, 0])).toEqual([500, 1_000, 2_000, 4_000, 8_000, 10_000, 10_000]);
  });
  it('begins anew after a minute of readiness, not before', () => {
    expect(waits([0, 0, 59_999, 60_000, 0])).toEqual([500, 1_000, 2_000, 500, 1_000]);
  });
});
