import { describe, expect, it } from '@jest/globals';
import { perTier, tiersOf } from '../../../contract/tiers.ts';
import { serializeLines } from '../../../contract/untrusted.ts';
import {
  joinRecent,
  NOTHING_RECENT,
  noteSample,
  parseRecent,
  type Recent,
  type RecentSample,
  sampleOf,
} from '../../../operator/history/recent.ts';
import { planTick } from '../../../operator/tick/tick-plan.ts';
import { aCampaign, OPENS_AT_MS } from '../../helpers/a-campaign.ts';
import { instantAt } from '../../helpers/a-decision.ts';
import { planDeps } from '../../helpers/build-options.ts';
import { anObserved, freshReadings } from '../../helpers/observed.ts';

const sample = (seconds: number, changes: Partial<RecentSample> = {}): RecentSample => ({
  at: instantAt(seconds),
  arrivalsPerSecond: 0,
  backlog: 0,
  ...perTier(() => ({ desired: 2, ready: 2 })),
  ...changes,
});

/** Ticks a second apart. @returns how often there was something to write, and what was kept */
const played = (ticks: readonly RecentSample[], from: Recent = NOTHING_RECENT) => {
  let [recent, news] = [from, 0];
  for (const tick of ticks) {
    const noted = noteSample(recent, tick);
    recent = noted.recent;
    if (noted.isNews) news += 1;
  }
  return { recent, news };
};
const seconds = (from: number, to: number, changes: (second: number) => Partial<RecentSample> = () => ({})) =>
  Array.from({ length: to - from }, (_, index) => sample(from + index, changes(from + index)));

describe('the curves of the last ten minutes', () => {
  it('are a sample every ten seconds, each with the highest of what was seen in it', () => {
    const { recent } = played(
      seconds(0, 21, (second) => ({ arrivalsPerSecond: second === 4 ? 9_000 : second, backlog: second })),
    );
    expect(recent.samples).toEqual([
      sample(0, { arrivalsPerSecond: 9_000, backlog: 9 }),
      sample(10, { arrivalsPerSecond: 19, backlog: 19 }),
    ]);
  });

  it('write nothing at rest, and again once there is something', () => {
    const rest = played(seconds(0, 600));
    expect(rest.news).toBe(1);
    const crowd = played(
      seconds(600, 640, (second) => ({ arrivalsPerSecond: second })),
      rest.recent,
    );
    expect(crowd.news).toBeGreaterThan(1);
  });

  it('end after ten minutes', () => {
    const { recent } = played(seconds(0, 2_000, (second) => ({ arrivalsPerSecond: second })));
    expect(recent.samples).toHaveLength(61);
  });

  it('keep what is unknown unknown', () => {
    const blind = ({ arrivalsPerSecond: _, ...rest }: RecentSample): RecentSample => rest;
    const { recent } = played(seconds(0, 11).map(blind));
    expect(recent.samples[0]).not.toHaveProperty('arrivalsPerSecond');
  });

  it('go on under another leader, who has nothing new to tell of a campaign at rest', () => {
    const kept = parseRecent(serializeLines(played(seconds(0, 40)).recent.samples));
    const next = played(seconds(100, 120)).recent;
    expect(joinRecent(kept, next).samples).toEqual(kept);
    const busy = played(seconds(100, 120, () => ({ backlog: 7 }))).recent;
    expect(joinRecent(kept, busy).samples).toEqual([...kept, ...busy.samples]);
  });

  it('of a release that did not have every tier are read', () => {
    const [older] = parseRecent(`{"at":"${instantAt(0)}","intake":{"desired":2,"ready":1}}\n`);
    expect(older).toEqual({ at: instantAt(0), intake: { desired: 2, ready: 1 } });
    expect(joinRecent(older === undefined ? [] : [older], { samples: [sample(10)] }).samples).toHaveLength(2);
  });

  it('are of the tiers that the campaign has', () => {
    const { status } = planTick(aCampaign(), anObserved(), OPENS_AT_MS, planDeps);
    const noted = sampleOf(status, freshReadings(OPENS_AT_MS), OPENS_AT_MS);
    expect(Object.keys(noted)).toEqual(['at', 'arrivalsPerSecond', 'backlog', ...tiersOf({})]);
  });

  it('are read line by line, and what can’t be read is left out', () => {
    const text = serializeLines([sample(0), sample(10, { backlog: 5 })]);
    expect(parseRecent(`nonsense\n${text}{"at":"noon"}\n`)).toEqual([sample(0), sample(10, { backlog: 5 })]);
    expect(parseRecent(undefined)).toEqual([]);
  });
});
