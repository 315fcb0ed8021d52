import { describe, expect, it } from '@jest/globals';
import { deleteAtMs } from '../../../operator/destruction/destruction-request.ts';
import { aCampaign, CLOSES_AT_MS } from '../../helpers/a-campaign.ts';

const DAY_MS = 86_400_000;
const OPENED = new Date(CLOSES_AT_MS - DAY_MS).toISOString();
const shown = (days: number) => ({
  openedAt: OPENED,
  privacy: { deleteAt: new Date(CLOSES_AT_MS + days * DAY_MS).toISOString() },
});

describe('the date on which personal data is destroyed', () => {
  it.each([
    ['before opening', undefined, -2, 180],
    ['before opening, of an earlier spec', { privacy: shown(20).privacy }, -2, 180],
    ['while open, first shown', { openedAt: OPENED }, -0.5, 180],
    ['as it was shown', shown(180), 100, 180],
    ['never earlier than it was shown', shown(200), 100, 200],
    ['later where the campaign closes later', shown(90), 100, 180],
    ['first shown a day after closing', { openedAt: OPENED }, 1, 181],
    ['first shown after its days have passed', { openedAt: OPENED }, 400, 580],
    ['of an object that was restored without its status', undefined, 400, 580],
  ])('%s', (_, previous, nowDays, wantDays) => {
    const found = deleteAtMs(aCampaign().spec, previous, CLOSES_AT_MS + nowDays * DAY_MS);
    expect((found - CLOSES_AT_MS) / DAY_MS).toBe(wantDays);
  });
});
