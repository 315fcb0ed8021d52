import { describe, expect, it } from '@jest/globals';
import { campaignTimes } from '../../../operator/tick/campaign-times.ts';
import { stageOf } from '../../../operator/tick/stage.ts';
import { aCampaign, CLOSES_AT_MS } from '../../helpers/a-campaign.ts';

const after = (known: Partial<Parameters<typeof stageOf>[0]>): string =>
  stageOf({
    times: campaignTimes(aCampaign().spec),
    nowMs: CLOSES_AT_MS + 60_000,
    isReady: true,
    hasForecast: true,
    recordsBacklog: { kind: 'fresh', value: { messages: 0 }, atMs: CLOSES_AT_MS + 60_000 },
    previous: undefined,
    ...known,
  });

describe('the stage after closing', () => {
  it.each([
    ['Closed', {}],
    ['Frozen', { isFrozen: true }],
    ['Drawn', { isFrozen: true, isDrawn: true }],
    ['Issuing', { isFrozen: true, isDrawn: true, isIssuing: true }],
    ['Issued', { isFrozen: true, isDrawn: true, isIssuing: true, isIssued: true }],
  ])('is %s', (stage, known) => {
    expect(after(known)).toBe(stage);
  });
});
