import { describe, expect, it } from '@jest/globals';
import { leadSecondsFor, paceOf, secondsToFloor } from '../../../operator/scaling/pre-warm.ts';
import { scheduleOf } from '../../../operator/scaling/schedule.ts';
import { aCampaign, OPENS_AT_MS } from '../../helpers/a-campaign.ts';

const pace = { startSeconds: 8, createdPerSecond: 20 };
const starting = (pods: number, ageSeconds: number): readonly number[] =>
  Array.from({ length: pods }, () => ageSeconds);

describe('the seconds until a floor stands', () => {
  it.each([
    ['it stands', 50, { ready: 50, startingSeconds: [] }, 0],
    ['nothing is created yet', 572, { ready: 0, startingSeconds: [] }, 36.6],
    ['some start, some are not created yet', 50, { ready: 10, startingSeconds: starting(20, 3) }, 9],
    ['all that are missing start', 50, { ready: 10, startingSeconds: starting(40, 3) }, 5],
    ['more start than are missing: the oldest count', 12, { ready: 10, startingSeconds: [1, 2, 7, 6] }, 2],
    ['they are overdue', 12, { ready: 10, startingSeconds: [30, 40] }, 0],
  ])('%s', (_, floor, standing, want) => {
    expect(secondsToFloor(floor, standing, pace)).toBeCloseTo(want);
  });
});

describe('the lead', () => {
  it('is what starts and creation take, and half as much again', () => {
    expect(leadSecondsFor(572, pace)).toBeCloseTo(54.9);
    expect(leadSecondsFor(0, pace)).toBe(0);
  });

  it.each([
    ['the lead time, when that is longer', '30m', {}, 1_800],
    ['the measured starts, when they need longer', '10s', { startSeconds: 90, createdPerSecond: 1 }, 150],
    ['the research’s budget where nobody has measured', '1s', {}, 13],
  ])('is %s', (_, leadTime, measured, wantSeconds) => {
    const { spec } = aCampaign({ scaling: { preWarm: { leadTime } } });
    expect((OPENS_AT_MS - scheduleOf(spec, 500, paceOf(measured)).fromMs) / 1000).toBe(wantSeconds);
  });
});
