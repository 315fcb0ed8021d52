import { describe, expect, it } from '@jest/globals';
import { campaignTimes } from '../../../operator/tick/campaign-times.ts';
import { aCampaign, OPENS_AT_MS } from '../../helpers/a-campaign.ts';

const HOUR_MS = 3_600_000;
const hoursOf = (holdAfterOpen: string, closesAt?: string) => {
  const { spec } = aCampaign({ scaling: { down: { windowSeconds: 300, percentPerMinute: 20, holdAfterOpen } } });
  const window = closesAt === undefined ? spec.window : { ...spec.window, closesAt };
  const { holdAfterOpenUntilMs, forecastUntilMs } = campaignTimes({ ...spec, window });
  return [holdAfterOpenUntilMs, forecastUntilMs].map((atMs) => (atMs - OPENS_AT_MS) / HOUR_MS);
};

describe('what is authorised for the forecast', () => {
  it.each([
    ['outlives a short hold: a grant that ends with it would take the crowd’s replicas', hoursOf('6m'), [0.1, 2]],
    ['lasts as long as a long hold', hoursOf('3h'), [3, 3]],
    ['ends at closing', hoursOf('6m', new Date(OPENS_AT_MS + HOUR_MS).toISOString()), [0.1, 1]],
  ])('%s', (_, hours, expected) => {
    expect(hours).toEqual(expected);
  });
});
