import { describe, expect, it } from '@jest/globals';
import { EVENT_REASONS } from '../../../contract/event-reasons.ts';
import { providersReachable } from '../../../operator/conditions/outside-reachable.ts';
import type { HandOut, Standing } from '../../../operator/outside/hand-out.ts';
import { transitionEvents } from '../../../operator/tick/events.ts';
import { heldFailed, heldStatus } from '../../../operator/tick/held.ts';
import { planTick } from '../../../operator/tick/tick-plan.ts';
import { aCampaign, OPENS_AT_MS, VERIFICATION } from '../../helpers/a-campaign.ts';
import { planDeps } from '../../helpers/build-options.ts';
import { aConditionInput } from '../../helpers/condition-input.ts';
import { anObserved, anObservedTier } from '../../helpers/observed.ts';
import { aHandOutInput, anInForce, aReport, aTarget, sharesOf } from '../../helpers/outside.ts';

const campaign = aCampaign({ spec: { verification: VERIFICATION } });

const standing = (changes: Partial<Standing> = {}): Standing => ({
  ...aTarget(),
  state: 'asked',
  refusedPods: [],
  isReported: true,
  ...changes,
});
const MIDNIGHT_MS = Date.parse('2027-03-01T16:00:00Z');
const usedUp = { state: 'quota', requestsPerDay: 500, leftToday: 0, resumesAtMs: MIDNIGHT_MS } as const;

const verdictOf = (standings: readonly Standing[] | undefined) => {
  const plan = standings && { verification: { standings } as unknown as HandOut };
  return providersReachable(aConditionInput({ campaign, ...(plan === undefined ? {} : { handOuts: plan }) }));
};

describe('ProvidersReachable', () => {
  const cases: Record<
    string,
    { standings: readonly Standing[] | undefined; status: string; reason: string; says: string[] }
  > = {
    'the shares in force are not known yet': {
      standings: undefined,
      status: 'Unknown',
      reason: 'NotYetObserved',
      says: ['No pod has reported', 'the Secret voucher-verification may be missing'],
    },
    'no pod has reported': {
      standings: [standing({ isReported: false })],
      status: 'Unknown',
      reason: 'NotYetObserved',
      says: ['No pod has reported'],
    },
    'all can be asked': {
      standings: [standing(), standing({ name: 'city', isReported: false })],
      status: 'True',
      reason: 'AllAnswer',
      says: ['tencent, city'],
    },
    'one pod of several is refused': {
      standings: [standing({ refusedPods: ['v-3'] })],
      status: 'True',
      reason: 'AllAnswer',
      says: ['tencent refuses v-3 and answers other pods', 'clock'],
    },
    'the only one refuses': {
      standings: [standing({ state: 'refused' })],
      status: 'False',
      reason: 'ProviderRefuses',
      says: ['tencent.secret-key in the Secret voucher-verification', 'No identity is checked meanwhile'],
    },
    'it refuses, and no pod reports any more': {
      standings: [standing({ state: 'refused', isReported: false })],
      status: 'False',
      reason: 'ProviderRefuses',
      says: ['tencent'],
    },
    'one refuses, another is asked meanwhile': {
      standings: [standing({ state: 'refused' }), standing({ name: 'city', order: 2, requestsPerSecond: 20 })],
      status: 'False',
      reason: 'ProviderRefuses',
      says: ['Meanwhile identities are checked at 20/s by city'],
    },
    'one fails': {
      standings: [standing({ state: 'failing' })],
      status: 'False',
      reason: 'ProviderFailing',
      says: ['Provider tencent does not answer', 'none is rejected'],
    },
    'one has no requests left today': {
      standings: [standing(usedUp)],
      status: 'False',
      reason: 'QuotaUsedUp',
      says: ['requestsPerDay is 500', 'asked again at 00:00 Asia/Shanghai'],
    },
    'the provider itself says so': {
      standings: [standing({ state: 'quota', resumesAtMs: MIDNIGHT_MS })],
      status: 'False',
      reason: 'QuotaUsedUp',
      says: ['the provider says so'],
    },
    'one refuses, one fails, one is used up: the worst is the reason, and all are named': {
      standings: [
        standing(usedUp),
        standing({ name: 'city', state: 'failing' }),
        standing({ name: 'sun', state: 'refused' }),
      ],
      status: 'False',
      reason: 'ProviderRefuses',
      says: ['Provider sun refuses', 'Provider city does not answer', 'Provider tencent takes no more'],
    },
  };
  it.each(Object.entries(cases))('%s', (_, { standings, status, reason, says }) => {
    const verdict = verdictOf(standings);
    expect(verdict).toMatchObject({ status, reason });
    for (const words of says) expect(verdict?.message).toContain(words);
  });

  it('names what is wrong with the description of a provider, whatever pods report', () => {
    const http = { body: '{', signature: 'none', codeAt: '/c', match: ['0'], mismatch: [] } as const;
    const [tencent] = VERIFICATION.providers;
    if (tencent === undefined) throw new Error('no provider');
    const city = { ...tencent, name: 'city', type: 'Http', url: 'https://id.example', http } as const;
    const wrong = aCampaign({ spec: { verification: { ...VERIFICATION, providers: [tencent, city] } } });
    const handOuts = { verification: { standings: [standing()] } as unknown as HandOut };
    const verdict = providersReachable(aConditionInput({ campaign: wrong, handOuts }));
    expect(verdict).toMatchObject({ status: 'False', reason: 'ProviderInvalid' });
    expect(verdict?.message).toContain('Provider city: http.body is not JSON');
  });

  it('is absent for a campaign that checks no identities, also in a status for which nothing was decided', () => {
    const plain = aCampaign();
    expect(providersReachable(aConditionInput({ campaign: plain }))).toBeUndefined();
    const typesOf = (one: typeof campaign) =>
      planTick(one, anObserved(), OPENS_AT_MS, planDeps).status.conditions?.map(({ type }) => type);
    expect(typesOf(plain)).not.toContain('ProvidersReachable');
    expect(typesOf(campaign)).toContain('ProvidersReachable');
    const held = (one: typeof campaign) =>
      heldStatus(one, undefined, heldFailed('x'), 0).conditions?.map(({ type }) => type);
    expect(held(plain)).not.toContain('ProvidersReachable');
    expect(held(campaign)).toContain('ProvidersReachable');
  });

  it('has an event when it becomes False, for another cause, and when it is True again', () => {
    const condition = (reason: string, status: 'True' | 'False') => ({
      conditions: [{ type: 'ProvidersReachable', status, reason, message: 'm', lastTransitionTime: '' }],
    });
    const reasons = (...[before, now]: ReturnType<typeof condition>[]) =>
      transitionEvents(before, now ?? {}).map(({ reason }) => reason);
    expect(reasons(condition('AllAnswer', 'True'), condition('ProviderFailing', 'False'))).toEqual([
      'ProvidersUnreachable',
    ]);
    expect(reasons(condition('ProviderFailing', 'False'), condition('QuotaUsedUp', 'False'))).toEqual([
      'ProvidersUnreachable',
    ]);
    expect(reasons(condition('QuotaUsedUp', 'False'), condition('AllAnswer', 'True'))).toEqual(['ProvidersReachable']);
    expect(EVENT_REASONS).toEqual(expect.arrayContaining(['ProvidersUnreachable', 'ProvidersReachable']));
  });
});

describe('A tick of a campaign with providers', () => {
  const tick = (changes: { waiting: number; reports?: readonly ReturnType<typeof aReport>[]; replicas?: number }) => {
    const { waiting, reports = [], replicas = 2 } = changes;
    const tier = anObservedTier('verification', replicas);
    const { inForce } = aHandOutInput({ inForce: anInForce({ value: sharesOf({}) }) });
    const observed = anObserved();
    return planTick(
      campaign,
      {
        ...observed,
        cluster: { ...observed.cluster, tiers: { ...observed.cluster.tiers, verification: tier } },
        readings: {
          ...observed.readings,
          backlog: {
            ...observed.readings.backlog,
            verification: { kind: 'fresh', value: { messages: waiting }, atMs: OPENS_AT_MS },
          },
        },
        outside: { reports: { verification: reports }, known: () => ({ inForce, memory: undefined }), nowMs: 10_000 },
      },
      OPENS_AT_MS,
      planDeps,
    );
  };

  it('hands the rate out, and is never scaled beyond what the rate needs: 100/s at 100/s a replica and 0.7', () => {
    const { handOuts, tiers, status, scalePlans, scale } = tick({ waiting: 3_013_200 });
    expect(Object.values(handOuts.verification?.next.targets['tencent']?.perSecond ?? {})).toEqual([50, 50]);
    expect(tiers.verification).toMatchObject({ desired: 2, limits: { max: 2, statedMax: 20 } });
    expect(status.tiers?.verification).toMatchObject({ limitedBy: 'Provider', desired: 2 });
    expect(tiers.verification.decision?.explanation).toContain(
      'the rate that the providers or channels allow needs no more than 2',
    );
    expect(scale.filter(({ tier }) => tier === 'verification')).toEqual([]);
    expect(scalePlans.filter(({ spec }) => spec.ceilings.verification !== undefined)).toEqual([]);
  });

  it('says when what waits will be done', () => {
    const { status } = tick({ waiting: 3_013_200 });
    const doneAt = new Date(OPENS_AT_MS + 9 * 3_600_000).toISOString();
    expect(status.tiers?.verification?.outside).toEqual({ perSecond: 100, doneAt });
    expect(tick({ waiting: 0 }).status.tiers?.verification?.outside).toBeUndefined();
    expect(status.tiers?.records?.outside).toBeUndefined();
  });

  it('says that nothing is done while the provider refuses all', () => {
    const reports = [0, 1].map((n) => aReport(`chengdu-verification-${n}`, { refused: 3, blocked: ['refused'] }));
    const { status, handOuts } = tick({ waiting: 100, reports });
    expect(status.tiers?.verification?.outside).toEqual({ perSecond: 0 });
    expect(handOuts.verification?.next.targets['tencent']).toMatchObject({ stopped: { reason: 'refused' } });
    expect(status.conditions?.find(({ type }) => type === 'ProvidersReachable')?.reason).toBe('ProviderRefuses');
  });

  it('looks again within a second while something waits, also long after closing', () => {
    expect(tick({ waiting: 5 }).requeueAfterMs).toBeLessThanOrEqual(1_000);
  });
});
