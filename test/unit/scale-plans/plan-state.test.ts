import { describe, expect, it } from '@jest/globals';
import type { ScalePlan } from '../../../contract/types/scale-plan.ts';
import { planState, planStateChanges } from '../../../operator/scale-plans/plan-state.ts';
import { aScalePlan } from '../../helpers/observed.ts';

const EXPIRES_AT_MS = 1_600_000_000_000;
const HOUR_MS = 3_600_000;
const standing = aScalePlan({ expiresAtMs: EXPIRES_AT_MS });
const statesOf = (plans: readonly ScalePlan[], nowMs: number) =>
  planStateChanges(plans, nowMs).map(({ plan, state }) => `${plan.metadata.name} ${state}`);

describe('the state of a ScalePlan', () => {
  it.each([
    ['is written to a new one', undefined, EXPIRES_AT_MS - 1, 'Pending'],
    ['is not written twice', 'Pending', EXPIRES_AT_MS - 1, undefined],
    ['changes when its time is over', 'Pending', EXPIRES_AT_MS, 'Expired'],
    ['stays when it has long been over', 'Expired', EXPIRES_AT_MS + 86_400_000, undefined],
    ['is put right when somebody changed it', 'Approved', EXPIRES_AT_MS - 1, 'Pending'],
    ['stays when a larger one took its place', 'Superseded', EXPIRES_AT_MS + 1, undefined],
  ])('%s', (_, state, nowMs, want) => {
    const plan = state === undefined ? standing : { ...standing, status: { state } };
    expect(planStateChanges([plan], nowMs).map((change) => change.state)).toEqual(want === undefined ? [] : [want]);
  });

  const decided = (status: ScalePlan['status'], revocation?: ScalePlan['spec']['revocation']): ScalePlan => {
    const plan = aScalePlan({
      expiresAtMs: EXPIRES_AT_MS,
      verdict: 'Approved',
      ceilingUntilMs: EXPIRES_AT_MS + HOUR_MS,
    });
    return {
      ...plan,
      spec: { ...plan.spec, ...(revocation === undefined ? {} : { revocation }) },
      ...(status && { status }),
    };
  };
  const at = (ms: number) => ({ decidedAt: new Date(ms).toISOString() });
  const revocation = { revokedBy: 'li.wei', reason: 'enough' };

  it.each([
    ['a decision to its last second', decided(at(EXPIRES_AT_MS)), 'Approved'],
    ['none that came later', decided(at(EXPIRES_AT_MS + 1_000)), 'Void'],
    ['none of which nobody knows when it came', decided({}), 'Void'],
    ['none after a larger one took its place', decided({ ...at(0), state: 'Superseded' }), 'Superseded'],
    ['a revocation', decided(at(0), revocation), 'Revoked'],
  ])('follows %s', (_, plan, want) => {
    expect(planState(plan, EXPIRES_AT_MS - 1)).toBe(want);
  });

  it('is told once, when it is written', () => {
    const [change] = planStateChanges([decided({ ...at(0), state: 'Pending' })], EXPIRES_AT_MS);
    expect(change?.event).toMatchObject({ reason: 'PlanApproved', message: expect.stringContaining('by owner') });
    expect(change?.status).toEqual({ state: 'Approved', ...at(0) });
    expect(planStateChanges([decided({ ...at(0), state: 'Approved' })], EXPIRES_AT_MS)).toEqual([]);
  });
});

describe('a plan that waits', () => {
  const asking = (name: string, ceilings: ScalePlan['spec']['ceilings']) =>
    aScalePlan({ name, ceilings, expiresAtMs: EXPIRES_AT_MS, status: { state: 'Pending' } });

  it.each([
    ['more of the same', { intake: 40 }, { intake: 60 }, ['small Superseded']],
    ['as much, and of another tier too', { intake: 40 }, { intake: 40, records: 8 }, ['small Superseded']],
    ['as much', { intake: 40 }, { intake: 40 }, []],
    ['more of one and less of another', { intake: 40, records: 8 }, { intake: 60 }, []],
  ])('gives way to one that asks for %s', (_, small, large, want) => {
    const plans = [asking('small', small), asking('large', large)];
    expect(statesOf(plans, EXPIRES_AT_MS - 1)).toEqual(want);
  });

  it('does not give way to one that no longer waits', () => {
    const rejected = aScalePlan({
      name: 'large',
      ceilings: { intake: 60 },
      expiresAtMs: EXPIRES_AT_MS,
      verdict: 'Rejected',
      status: { state: 'Rejected' },
    });
    expect(statesOf([asking('small', { intake: 40 }), rejected], EXPIRES_AT_MS - 1)).toEqual([]);
  });
});

describe('the owner of a plan for the forecast', () => {
  const forecast = (reminded?: string): ScalePlan =>
    aScalePlan({
      reason: 'Forecast',
      expiresAtMs: EXPIRES_AT_MS,
      status: { state: 'Pending', ...(reminded === undefined ? {} : { reminded }) },
    });
  const told = (plan: ScalePlan, hoursBefore: number) =>
    planStateChanges([plan], EXPIRES_AT_MS - hoursBefore * HOUR_MS).map(
      ({ status, event }) => `${status.reminded} ${event?.reason ?? 'silent'}`,
    );

  it.each([
    ['a day and a second before opening', 24.001, undefined, []],
    ['a day before', 24, undefined, ['24h PlanReminder']],
    ['not twice', 23, '24h', []],
    ['two hours before', 2, '24h', ['2h PlanReminder']],
    ['half an hour before', 0.5, '2h', ['30m PlanReminder']],
    ['once for all when the operator was away', 0.4, undefined, ['30m PlanReminder']],
    ['not again when its clock went back', 3, '2h', []],
  ])('is reminded %s', (_, hoursBefore, reminded, want) => {
    expect(told(forecast(reminded), hoursBefore)).toEqual(want);
  });

  it('is not reminded of what was proposed a second ago', () => {
    expect(told(aScalePlan({ reason: 'Forecast', expiresAtMs: EXPIRES_AT_MS }), 1)).toEqual(['2h silent']);
  });

  it('is not reminded of a plan for the crowd, nor of one that is decided', () => {
    expect(told(aScalePlan({ expiresAtMs: EXPIRES_AT_MS, status: { state: 'Pending' } }), 1)).toEqual([]);
    const rejected = aScalePlan({
      reason: 'Forecast',
      expiresAtMs: EXPIRES_AT_MS,
      verdict: 'Rejected',
      status: { state: 'Rejected' },
    });
    expect(told(rejected, 1)).toEqual([]);
  });
});
