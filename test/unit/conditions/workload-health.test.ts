import { describe, expect, it } from '@jest/globals';
import { planTick } from '../../../operator/tick/tick-plan.ts';
import { aCampaign, OPENS_AT_MS } from '../../helpers/a-campaign.ts';
import { planDeps } from '../../helpers/build-options.ts';
import { anObserved, freshReadings } from '../../helpers/observed.ts';

describe('what citizens are told while the database takes nothing', () => {
  it.each([
    ['all workers find it full', 4, true],
    ['one of four is refused', 1, undefined],
  ] as const)('when %s', (_, pods, isStopped) => {
    const readings = freshReadings(OPENS_AT_MS);
    const observed = anObserved({
      readings: {
        ...readings,
        backlog: { records: { kind: 'fresh', value: { messages: 900, oldestSeconds: 47 }, atMs: OPENS_AT_MS } },
        workers: {
          kind: 'fresh',
          value: {
            pods: 4,
            known: 4,
            database: [{ state: 'disk_full', pods, example: 'a', seconds: 40 }],
            journal: [],
            inHandSeconds: 0,
          },
          atMs: OPENS_AT_MS,
        },
      },
    });
    expect(planTick(aCampaign(), observed, OPENS_AT_MS, planDeps).liveSettings?.behind?.isStopped).toBe(isStopped);
  });
});
