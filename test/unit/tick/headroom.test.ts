import { describe, expect, it } from '@jest/globals';
import { provisioned } from '../../../operator/conditions/provisioned.ts';
import { headroomOf } from '../../../operator/tick/headroom.ts';
import type { Observed } from '../../../operator/tick/observed.ts';
import { aCampaign, CLOSES_AT_MS, OPENS_AT_MS } from '../../helpers/a-campaign.ts';
import { buildOptions } from '../../helpers/build-options.ts';
import { aConditionInput, type OutcomeChanges } from '../../helpers/condition-input.ts';
import { anObservedTier } from '../../helpers/observed.ts';

const options = { ...buildOptions, pods: { headroomPriorityClassName: 'headroom' } };
const campaign = aCampaign({ scaling: { headroomReplicas: 6 } });
const HOUR_MS = 3_600_000;

const inputAt = (nowMs: number, intake: OutcomeChanges = {}, cluster: Partial<Observed['cluster']> = {}) =>
  aConditionInput({
    campaign,
    nowMs,
    tiers: { intake: { desired: 10, ...intake } },
    observed: { cluster: { tiers: { intake: anObservedTier('intake', 10) }, plans: [], ...cluster } },
  });
const sizeOf = (input: ReturnType<typeof inputAt>): number => headroomOf(input, input.tiers, options).desired;
const five = { deployment: { name: 'chengdu-headroom', replicas: 5, resourceVersion: '3' }, ready: 4 };

describe('head-room', () => {
  it.each([
    ['long before pre-warming', OPENS_AT_MS - 3 * HOUR_MS, {}, 0],
    ['from pre-warming on', OPENS_AT_MS - 20 * 60_000, {}, 6],
    ['in the flood', OPENS_AT_MS + 60_000, {}, 6],
    ['at the minimum while nothing may go down', OPENS_AT_MS + 60_000, { desired: 2 }, 6],
    ['at the minimum when the crowd has gone', OPENS_AT_MS + 3 * HOUR_MS, { desired: 2 }, 0],
    ['above it when more come later', OPENS_AT_MS + 3 * HOUR_MS, { desired: 3 }, 6],
    ['after closing', CLOSES_AT_MS, {}, 0],
    ['near the ceiling', OPENS_AT_MS, { desired: 17 }, 3],
    ['at the ceiling', OPENS_AT_MS, { desired: 20 }, 0],
    ['above a ceiling that was lowered', OPENS_AT_MS, { desired: 30 }, 0],
    ['near max', OPENS_AT_MS, { desired: 11, limits: { max: 12 } }, 1],
  ] as const)('%s', (_, nowMs, intake, expected) => {
    expect(sizeOf(inputAt(nowMs, intake))).toBe(expected);
  });

  it('stays as it is where the intake is not ours to scale', () => {
    expect(sizeOf(inputAt(OPENS_AT_MS, { isActing: false }))).toBe(0);
    expect(sizeOf(inputAt(OPENS_AT_MS, { isActing: false }, { headroom: five }))).toBe(5);
  });

  it('leaves a quota to pods that serve', () => {
    const problems = [{ kind: 'quota', quota: 'pods', replicas: 2, missing: [] }] as const;
    const tiers = { intake: anObservedTier('intake', 10), records: { ...anObservedTier('records', 2), problems } };
    expect(sizeOf(inputAt(OPENS_AT_MS, {}, { tiers, headroom: five }))).toBe(0);
  });

  it.each([
    ['nothing, when all have a place', { desired: 4, replicas: 4, isPossible: true }, /has a node\.$/],
    [
      'how many have none',
      { desired: 6, replicas: 5, isPossible: true },
      /Headroom: 4 of 6 placeholders for more intake pods/,
    ],
    ['that none is kept', { desired: 6, replicas: undefined, isPossible: false }, /app\.headroomPriorityClassName/],
  ] as const)('makes the status say %s', (_, headroom, expected) => {
    const verdict = provisioned({ ...inputAt(OPENS_AT_MS, {}, { headroom: five }), headroom });
    expect(verdict).toMatchObject({ status: 'True', message: expect.stringMatching(expected) });
  });
});
