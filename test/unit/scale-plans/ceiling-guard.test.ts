import { describe, expect, it } from '@jest/globals';
import { buildDeployment, withReplicas } from '../../../operator/resources/deployment.ts';
import type { Authorization } from '../../../operator/scale-plans/ceiling-guard.ts';
import { ceilingThroughout, createCeilingGuard } from '../../../operator/scale-plans/ceiling-guard.ts';
import type { CampaignEvent } from '../../../operator/tick/ports.ts';
import { aCampaign, OPENS_AT_MS } from '../../helpers/a-campaign.ts';
import { buildOptions } from '../../helpers/build-options.ts';
import { aScalePlan } from '../../helpers/observed.ts';

const { signal } = new AbortController();
const campaign = aCampaign();
const granted = aScalePlan({
  ceilings: { intake: 60 },
  expiresAtMs: OPENS_AT_MS,
  verdict: 'Approved',
  ceilingUntilMs: OPENS_AT_MS + 3_600_000,
});
const { authorized } = campaign.spec.scaling;
const planned: Authorization = { authorized, plans: [granted], fromMs: OPENS_AT_MS };

/** A guard that is told `now` when it asks. */
const guardOf = (now: Authorization | Error) => {
  const events: CampaignEvent[] = [];
  const asked: string[][] = [];
  const guard = createCeilingGuard(
    {
      clock: { now: () => OPENS_AT_MS },
      authorization: {
        async read(_, plans) {
          asked.push(plans.map(({ metadata }) => metadata.name));
          if (now instanceof Error) throw now;
          return now;
        },
      },
    },
    campaign,
    planned,
    (event) => void events.push(event),
  );
  return { guard, events, asked };
};

describe('the last line before replicas are written', () => {
  it.each([
    ['a raise that a grant covers', planned, 20, 55, 55],
    ['a raise of a grant that was deleted meanwhile', { ...planned, plans: [] }, 10, 55, 20],
    ['a raise above what is there, which is above the ceiling', { ...planned, plans: [] }, 30, 55, 30],
    [
      'a raise of a grant that the server’s clock has ended',
      { ...planned, fromMs: OPENS_AT_MS + 3_600_000 },
      10,
      55,
      20,
    ],
    ['a raise that would arrive after the end', { ...planned, fromMs: OPENS_AT_MS + 3_599_000 }, 10, 55, 20],
    [
      'a raise within a ceiling that was lowered meanwhile',
      { ...planned, authorized: { ...authorized, ceilings: { ...authorized.ceilings, intake: 12 } }, plans: [] },
      10,
      18,
      12,
    ],
  ])('judges %s', async (_, now, from, wanted, want) => {
    const { guard, events } = guardOf(now);
    expect(await guard.allowed('intake', from, wanted, signal)).toBe(want);
    expect(events.map(({ reason }) => reason)).toEqual(want === wanted ? [] : ['CeilingHeld']);
  });

  it('lets replicas fall without asking', async () => {
    const { guard, asked } = guardOf(new Error('the API server is away'));
    expect(await guard.allowed('intake', 80, 72, signal)).toBe(72);
    expect(asked).toEqual([]);
  });

  it('raises nothing when nobody tells what is authorised', async () => {
    const { guard } = guardOf(new Error('the API server is away'));
    await expect(guard.allowed('intake', 2, 3, signal)).rejects.toThrow('the API server is away');
  });

  it('asks for the plans that grant something, and for no others', async () => {
    const { guard, asked } = guardOf(planned);
    await guard.allowed('intake', 2, 3, signal);
    expect(asked).toEqual([['plan-1']]);
  });

  it('holds a Deployment that is made, and leaves other manifests alone', async () => {
    const { guard } = guardOf({ ...planned, plans: [] });
    const deployment = withReplicas(buildDeployment(campaign, 'intake', buildOptions), 55);
    expect(await guard.created(deployment, signal)).toMatchObject({ spec: { replicas: 20 } });
    const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'x' } } as const;
    expect(await guard.created(account, signal)).toBe(account);
  });
});

it('a grant counts for a write only while it lasts until the write has arrived', () => {
  const endsAtMs = OPENS_AT_MS + 3_600_000;
  const at = (fromMs: number) => ceilingThroughout({ ...planned, fromMs }, 'intake');
  expect([at(endsAtMs - 3_001), at(endsAtMs - 3_000), at(endsAtMs)]).toEqual([60, 20, 20]);
});
