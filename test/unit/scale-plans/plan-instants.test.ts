import { expect, it } from '@jest/globals';
import { planInstants } from '../../../operator/scale-plans/plan-reminder.ts';
import { aCampaign, OPENS_AT_MS } from '../../helpers/a-campaign.ts';
import { aScalePlan } from '../../helpers/observed.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const minutesBeforeOpening = (plans: Parameters<typeof planInstants>[1], campaign = aCampaign()) =>
  planInstants(campaign, plans).map((atMs) => (OPENS_AT_MS - atMs) / MINUTE_MS);

it.each([
  ['when a plan runs out', aScalePlan({ expiresAtMs: OPENS_AT_MS }), [0]],
  ['when its owner is reminded', aScalePlan({ reason: 'Forecast', expiresAtMs: OPENS_AT_MS }), [0, 1_440, 120, 30]],
  [
    'when a grant ends, and ten minutes before',
    aScalePlan({ expiresAtMs: 0, verdict: 'Approved', ceilingUntilMs: OPENS_AT_MS - HOUR_MS }),
    [60, 70],
  ],
])('a quiet campaign is looked at %s', (_, plan, want) => {
  expect(minutesBeforeOpening([plan])).toEqual(want);
});

it('a quiet campaign is looked at when a window begins, ends, and ten minutes before it does', () => {
  const windows = [{ from: '2020-09-25T01:00:00Z', until: '2020-09-25T02:00:00Z', ceilings: { intake: 60 } }];
  const campaign = aCampaign({ scaling: { authorized: { windows } } });
  expect(minutesBeforeOpening([], campaign)).toEqual([60, 0, 10]);
});
