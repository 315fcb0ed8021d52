import { describe, expect, it } from '@jest/globals';
import type { Frozen, Listed } from '../../../contract/decisions/control.ts';
import type { FreezeState } from '../../../operator/freeze/freeze-keeper.ts';
import type { ObservedJob } from '../../../operator/tick/cluster-view.ts';
import { jobsWithWork } from '../../../operator/tick/jobs.ts';
import type { Observed } from '../../../operator/tick/observed.ts';
import { planTick } from '../../../operator/tick/tick-plan.ts';
import { aCampaign, CLOSES_AT_MS, OPENS_AT_MS } from '../../helpers/a-campaign.ts';
import { planDeps } from '../../helpers/build-options.ts';
import { anObserved, freshReadings } from '../../helpers/observed.ts';

const nowMs = CLOSES_AT_MS + 60_000;
const { campaignId } = aCampaign().spec;
const frozen: Frozen = {
  v: 1,
  campaignId,
  at: new Date(nowMs - 10_000).toISOString(),
  barriers: [7, 8, 9],
  unverified: 'unchecked',
};
const listed: Listed = { v: 1, campaignId, lists: [] };

/** Names of what a tick writes that concerns a Job. */
const planned = (
  freeze: FreezeState | undefined,
  job?: ObservedJob,
  journal?: Observed['journal'],
  isJobsUnseen = false,
) => {
  const observed = anObserved({ readings: freshReadings(nowMs), freeze });
  const jobs = job === undefined ? {} : { draw: job };
  const { create, apply } = planTick(
    aCampaign(),
    { ...observed, cluster: { ...observed.cluster, jobs, isJobsUnseen }, journal: journal ?? observed.journal },
    nowMs,
    planDeps,
  );
  const names = (manifests: typeof create): readonly string[] =>
    manifests.flatMap(({ kind, metadata }) => (metadata?.name === 'chengdu-draw' ? [String(kind)] : []));
  return { create: names(create), apply: names(apply) };
};

const NOTHING = { create: [], apply: [] };
const OBJECTS = ['ServiceAccount', 'NetworkPolicy'];
const job = (state: ObservedJob['state']): ObservedJob => ({ name: 'chengdu-draw', state, failedPods: 0 });

describe('the Job of the comparison', () => {
  const times = { opensAtMs: OPENS_AT_MS };
  const waiting: FreezeState = { kind: 'waiting', waiting: { why: 'NotClosed', untilMs: CLOSES_AT_MS } };

  it.each<readonly [string, FreezeState | undefined, number, readonly string[]]>([
    ['before anything is known of the list', undefined, nowMs, []],
    ['before opening', waiting, OPENS_AT_MS - 1, []],
    ['from opening on', waiting, OPENS_AT_MS, ['compare']],
    ['while the journal does not answer', { kind: 'unknown', message: 'no leader' }, nowMs, ['compare']],
    ['while the list is frozen and not made', { kind: 'done', frozen }, nowMs, ['draw', 'compare']],
    ['when the list is made', { kind: 'done', frozen, listed }, nowMs, []],
  ])('%s', (_, freeze, atMs, jobs) => {
    expect(jobsWithWork(aCampaign(), { freeze }, times, atMs).map(({ job }) => job)).toEqual(jobs);
  });
});

describe('the draw’s Job', () => {
  it.each<readonly [string, FreezeState | undefined]>([
    ['before anything is known of the list', undefined],
    ['while the journal does not answer', { kind: 'unknown', message: 'no leader' }],
    ['before the list is frozen', { kind: 'publishing' }],
    ['when the freeze can’t be read', { kind: 'unreadable', message: 'of a later release' }],
    ['when the list is made', { kind: 'done', frozen, listed }],
  ])('is not there %s', (_, freeze) => {
    expect(planned(freeze)).toEqual(NOTHING);
  });

  it('is created, with its account and policy, when the list is frozen and not made', () => {
    expect(planned({ kind: 'done', frozen })).toEqual({ create: ['Job'], apply: OBJECTS });
  });

  it.each(['starting', 'running', 'done', 'failed'] as const)(
    'that is %s is left alone: it can’t be changed',
    (state) => {
      expect(planned({ kind: 'done', frozen }, job(state))).toEqual({ create: [], apply: OBJECTS });
    },
  );

  it('is not created while Jobs can’t be listed', () => {
    expect(planned({ kind: 'done', frozen }, undefined, undefined, true).create).toEqual([]);
  });

  it('waits while the journal belongs to another object', () => {
    const conflict = { kind: 'conflict', message: 'it belongs to another' } as const;
    expect(planned({ kind: 'done', frozen }, undefined, conflict).create).toEqual([]);
  });
});
