/** When a list of earlier winners is made, who waits for it, and what people read about it. */
import { describe, expect, it } from '@jest/globals';
import type { ExcludedWinners } from '../../../contract/decisions/exclusion.ts';
import type { VoucherCampaign, VoucherCampaignStatus } from '../../../contract/types/campaign.ts';
import { nextDestructionStep } from '../../../operator/destruction/destruction-steps.ts';
import { earlierWinnersExcluded } from '../../../operator/exclusion/exclusion-condition.ts';
import type { ListState } from '../../../operator/exclusion/exclusion-keeper.ts';
import {
  earlierIn,
  excludedAtFreeze,
  excludersOf,
  exclusionRuns,
  exclusionsOf,
  exclusionsStatus,
} from '../../../operator/exclusion/exclusions.ts';
import { buildJob } from '../../../operator/resources/job.ts';
import { aCampaign, CLOSES_AT_MS } from '../../helpers/a-campaign.ts';
import { buildOptions } from '../../helpers/build-options.ts';

const SPRING = 'spring-2027';
const BEFORE_MS = CLOSES_AT_MS - 1_000;

const winners: ExcludedWinners = {
  v: 1,
  campaignId: 'autumn',
  at: '2027-01-01T00:00:00.000Z',
  of: 'spring',
  entries: 3,
  digest: 'ab'.repeat(32),
  chunkBits: 0,
  winners: 4,
  unreadable: 1,
};
const LISTED: ListState = { kind: 'listed', winners };

const autumn = (status?: VoucherCampaignStatus): VoucherCampaign => {
  const base = aCampaign({ spec: { campaignId: 'autumn' }, ...(status === undefined ? {} : { status }) });
  const eligibility = { ...base.spec.eligibility, excludeWinnersOf: [{ campaign: SPRING }] };
  return { ...base, metadata: { ...base.metadata, name: 'autumn-2027' }, spec: { ...base.spec, eligibility } };
};

const condition = (type: string, status: 'True' | 'False', reason: string) => ({
  type,
  status,
  reason,
  message: '',
  lastTransitionTime: '2027-01-01T00:00:00.000Z',
});
const ANNOUNCED: VoucherCampaignStatus = { draw: { phase: 'Drawn', announced: true } };
const spring = (status: VoucherCampaignStatus | undefined = ANNOUNCED, isIssuing = false): VoucherCampaign => {
  const { scaling: _, ...rest } = aCampaign().spec;
  const issuance = { secretName: 'voucher-issuance', channels: [] };
  const base = aCampaign({
    spec: { ...rest, campaignId: 'spring', ...(isIssuing ? { issuance } : {}) },
    ...(status === undefined ? {} : { status }),
  });
  return { ...base, metadata: { ...base.metadata, name: SPRING } };
};

const seen = (earlier: readonly VoucherCampaign[], list?: ListState, previous?: VoucherCampaignStatus) => ({
  earlier,
  excludedLists: new Map(list === undefined ? [] : [['spring', list]]),
  previous,
});

describe('the list of an earlier campaign', () => {
  const absent: ListState = { kind: 'absent' };
  const held = condition('PersonalDataDestroyed', 'False', 'HeldByExclusion');
  const issued = condition('Issued', 'True', 'AllIssued');
  it.each<[string, VoucherCampaign | undefined, ListState | undefined, number, string, string]>([
    ['is stored', spring(), LISTED, BEFORE_MS, 'listed', 'Excluded'],
    ['is of a campaign that is not there', undefined, absent, BEFORE_MS, 'notFound', 'CampaignNotFound'],
    ['was not asked for', spring(), undefined, BEFORE_MS, 'notAsked', 'NotYetObserved'],
    ['is unknown', spring(), { kind: 'unknown', message: 'x' }, BEFORE_MS, 'unknown', 'JournalUnavailable'],
    ['can not be read', spring(), { kind: 'unreadable', message: 'x' }, BEFORE_MS, 'unreadable', 'EntryUnreadable'],
    [
      'comes too late',
      spring({ ...ANNOUNCED, privacy: { deleteAt: '', orderedAt: '2027-01-01T00:00:00.000Z' } }),
      absent,
      BEFORE_MS,
      'keysDestroyed',
      'KeysDestroyed',
    ],
    ['waits for a result', spring({}), absent, CLOSES_AT_MS, 'waitingForResult', 'WaitingForResult'],
    ['waits for vouchers', spring(ANNOUNCED, true), absent, BEFORE_MS, 'waitingForIssuance', 'WaitingForIssuance'],
    ['is due at closing', spring(ANNOUNCED, true), absent, CLOSES_AT_MS, 'making', 'MakingLists'],
    [
      'is due when all is issued',
      spring({ ...ANNOUNCED, conditions: [issued] }, true),
      absent,
      BEFORE_MS,
      'making',
      'MakingLists',
    ],
    [
      'is due before the keys go',
      spring({ ...ANNOUNCED, conditions: [held] }, true),
      absent,
      BEFORE_MS,
      'making',
      'MakingLists',
    ],
    ['is due at once without issuance', spring(), absent, BEFORE_MS, 'making', 'MakingLists'],
  ])('%s', (_, earlier, list, nowMs, kind, reason) => {
    const observed = seen(earlier === undefined ? [] : [earlier], list);
    const exclusions = exclusionsOf(autumn(), observed, nowMs);
    expect(exclusions.map(({ state }) => state.kind)).toEqual([kind]);
    expect(exclusionRuns(autumn(), exclusions)).toHaveLength(kind === 'making' ? 1 : 0);
    expect(excludedAtFreeze(exclusions).notExcluded).toEqual(kind === 'listed' ? [] : [SPRING]);
    const verdict = earlierWinnersExcluded({
      campaign: autumn(),
      observed: { ...observed, cluster: { tiers: {}, plans: [] } } as never,
      nowMs,
    });
    expect(verdict?.reason).toBe(reason);
  });

  it.each([
    ['failed', { state: 'failed', failedPods: 2 }, 'kubectl logs job/autumn-2027-exclude-abcd'],
    ['failing', { state: 'running', failedPods: 1 }, 'kubectl logs job/autumn-2027-exclude-abcd'],
    ['without a running pod', { state: 'starting', failedPods: 0 }, 'a Secret may be missing'],
    ['at work', { state: 'running', failedPods: 0 }, 'without these lists.'],
  ])('is made by a Job that is %s: the message says where to look', (_, job, said) => {
    const jobs = { 'exclude-abcd': { name: 'autumn-2027-exclude-abcd', ...job }, draw: { name: 'x', state: 'failed' } };
    const observed = { ...seen([spring()], absent), cluster: { tiers: {}, plans: [], jobs } } as never;
    expect(earlierWinnersExcluded({ campaign: autumn(), observed, nowMs: BEFORE_MS })?.message).toContain(said);
  });

  it('is known by the status where the earlier object is gone', () => {
    const status = exclusionsStatus(exclusionsOf(autumn(), seen([spring()], LISTED), BEFORE_MS));
    expect(status).toEqual([
      { campaign: SPRING, campaignId: 'spring', entries: 3, unreadable: 1, digest: winners.digest },
    ]);
    const [gone] = exclusionsOf(autumn(), seen([], LISTED, { exclusions: status ?? [] }), BEFORE_MS);
    expect(gone).toMatchObject({ of: 'spring', state: { kind: 'listed' } });
    // While the journal does not answer, the status keeps it.
    const unknown = exclusionsOf(autumn(), seen([spring()]), BEFORE_MS);
    expect(exclusionsStatus(unknown, status)).toEqual(status);
  });

  it('is no matter of a campaign that names none', () => {
    const exclusions = exclusionsOf(spring(), seen([]), BEFORE_MS);
    expect(excludedAtFreeze(exclusions)).toEqual({});
    expect(exclusionsStatus(exclusions)).toBeUndefined();
    expect(earlierIn(spring(), [autumn()])).toEqual([]);
  });

  it('is made by a Job with the keys of both campaigns', () => {
    const [run] = exclusionRuns(autumn(), exclusionsOf(autumn(), seen([spring()], absent), BEFORE_MS));
    const job = buildJob(autumn(), { job: 'exclude', ...run }, buildOptions);
    const pod = job.spec?.template.spec;
    expect(job.metadata?.name).toMatch(/^autumn-2027-exclude-[0-9a-f]{4}$/);
    expect(
      pod?.volumes?.map(({ name, secret }) => [name, secret?.secretName, secret?.items?.map(({ key }) => key)]),
    ).toEqual([
      ['config', undefined, undefined],
      ['privacy', 'voucher-privacy', ['citizen.key']],
      ['data-plane', 'voucher-data-plane-exclude', undefined],
      ['earlier-privacy', 'voucher-privacy', undefined],
      ['earlier-data-plane', 'voucher-data-plane-exclude', undefined],
    ]);
    const env = Object.fromEntries((pod?.containers[0]?.env ?? []).map(({ name, value }) => [name, value]));
    expect(JSON.parse(env['VOUCHER_EXCLUSION'] ?? '')).toEqual({ of: 'spring', uniqueness: 'perCitizen' });
  });
});

describe('the destruction of the earlier campaign', () => {
  const request = {
    campaignId: 'spring',
    namespace: 'city',
    secretName: 's',
    secretUsers: [],
    streams: [],
    dueAtMs: 100,
    keysInPods: 0,
  };
  const step = (nowMs: number, atMs?: number) =>
    nextDestructionStep({
      nowMs,
      request: {
        ...request,
        neededBy: 'exclusion',
        ...(atMs === undefined ? {} : { command: { who: 'owner', atMs, reason: 'x' } }),
      },
      decided: {},
      keysDestroyedAtMs: undefined,
      secret: { kind: 'unknown' },
    });

  it('waits for the list, unless an owner gives it up after the date', () => {
    expect(step(99)).toEqual({ kind: 'wait', why: 'NotDue' });
    expect(step(99, 50)).toEqual({ kind: 'wait', why: 'WaitingForExclusion' });
    expect(step(100)).toEqual({ kind: 'wait', why: 'HeldByExclusion' });
    expect(step(100, 50)).toEqual({ kind: 'wait', why: 'HeldByExclusion' });
    expect(step(101, 100)).toEqual({ kind: 'order', cause: 'Command' });
  });

  it.each<[string, VoucherCampaign, readonly string[]]>([
    ['has no list', autumn(), ['autumn-2027']],
    [
      'has the list',
      autumn({ exclusions: exclusionsStatus(exclusionsOf(autumn(), seen([spring()], LISTED), 0)) ?? [] }),
      [],
    ],
    ['is frozen', autumn({ draw: { phase: 'Frozen', frozenAt: '2027-01-01T00:00:00.000Z' } }), []],
    ['names none', aCampaign({ metadata: { name: 'other' } }), []],
  ])('is held by a campaign that %s: %#', (_, other, names) => {
    expect(excludersOf(spring(), [spring(), other])).toEqual(names);
  });
});
