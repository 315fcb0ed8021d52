/** The waiting room in a tick: what pods are told, what is written, and what the status shows. */
import { describe, expect, it } from '@jest/globals';
import { type Crowd, type WaitingRoom, withCrowd } from '../../../operator/queue/crowd.ts';
import type { Observed } from '../../../operator/tick/observed.ts';
import { planTick } from '../../../operator/tick/tick-plan.ts';
import { aCampaign, OPENS_AT_MS, TRAFFIC } from '../../helpers/a-campaign.ts';
import { planDeps } from '../../helpers/build-options.ts';
import { anObserved, freshReadings } from '../../helpers/observed.ts';

const NOW_MS = OPENS_AT_MS + 60_000;
const crowd: Crowd = {
  atMs: NOW_MS,
  tickets: 9_000,
  turns: 1_000,
  accepted: 1_000,
  citizens: 8_000,
  ahead: 8_000,
  correction: 1,
  share: 1,
  looks: [],
  passed: 0,
  taken: 0,
  overdue: 0,
};

const plan = (queue: WaitingRoom, enabled = true, changes: Partial<Observed> = {}) =>
  planTick(
    aCampaign({ spec: { traffic: { ...TRAFFIC, waitingRoom: { enabled, preQueueMinutes: 30 } } } }),
    anObserved({ readings: freshReadings(NOW_MS), queue, ...changes }),
    NOW_MS,
    planDeps,
  );

describe('a tick', () => {
  it('tells pods of the waiting room, sets its pace, and shows who waits', () => {
    const { liveSettings, queue, status, requeueAfterMs } = plan({ kind: 'paced', crowd, ratePerSecond: 1_000 });
    expect(liveSettings?.traffic.waitingRoom).toEqual({ enabled: true, preQueueMinutes: 30 });
    // Two Ready pods of 500/s.
    expect(queue).toMatchObject({ isOpen: true, hasQueue: true, ratePerSecond: 1_000, isClosed: false });
    expect(status.waiting).toEqual({ citizens: 8_000, ratePerSecond: 1_000, longestSeconds: 10 });
    expect(requeueAfterMs).toBeLessThanOrEqual(1_000);
  });

  it('shows the owner in a ScalePlan who waits', () => {
    const many = { ...crowd, citizens: 400_000, ahead: 400_000 };
    const readings = withCrowd(freshReadings(NOW_MS, { arrivals: 8_000 }), many, NOW_MS);
    const { scalePlans } = plan({ kind: 'paced', crowd: many, ratePerSecond: 1_000 }, true, { readings });
    expect(scalePlans[0]?.spec.evidence).toContainEqual({
      signal: 'citizensInWaitingRoom',
      value: 400_000,
      ageSeconds: 0,
    });
    expect(scalePlans[0]?.spec.effect?.without.late).toBeGreaterThan(300_000);
  });

  it('writes no settings while it is not known whether there is a queue', () => {
    const { liveSettings, queue } = plan({ kind: 'unknown' });
    expect([liveSettings, queue?.ratePerSecond]).toEqual([undefined, 1_000]);
  });

  it('tells pods of no waiting room where no pace can be written', () => {
    const { liveSettings } = plan({ kind: 'none' });
    expect(liveSettings).toBeDefined();
    expect(liveSettings?.traffic.waitingRoom).toBeUndefined();
  });

  it('wants nothing where the waiting room is off', () => {
    const { liveSettings, queue } = plan({ kind: 'unknown' }, false);
    expect(liveSettings?.traffic.waitingRoom).toBeUndefined();
    expect(queue).toBeUndefined();
  });
});
