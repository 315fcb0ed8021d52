import { describe, expect, it } from '@jest/globals';
import { jobsOf, rightsOf } from '../../../contract/jobs.ts';
import { orderText, parseOrder, RECONCILE, type ReconcileOrder, runOf } from '../../../contract/outside/reconcile.ts';
import type { VoucherCampaign } from '../../../contract/types/campaign.ts';
import { ownOrderOf, reconciledFor, reconcileOrderOf } from '../../../operator/books/reconcile-order.ts';
import { auditorsOf } from '../../../operator/outside/auditors.ts';
import { handOut } from '../../../operator/outside/hand-out.ts';
import type { ObservedJob } from '../../../operator/tick/cluster-view.ts';
import { jobsWithWork } from '../../../operator/tick/jobs.ts';
import { aCampaign } from '../../helpers/a-campaign.ts';
import { aHandOutInput, readyPods } from '../../helpers/outside.ts';

const nowMs = Date.parse('2020-10-01T00:00:00Z');
const order: ReconcileOrder = { by: 'liu', at: new Date(nowMs).toISOString(), requests: 'all' };
const issuing = (annotation?: string): VoucherCampaign => {
  const { metadata, spec, ...rest } = aCampaign();
  return {
    ...rest,
    metadata: { ...metadata, annotations: annotation === undefined ? {} : { [RECONCILE]: annotation } },
    spec: { ...spec, issuance: { secretName: 's', channels: [] } },
  };
};
const listed = {
  kind: 'done',
  frozen: { v: 1, campaignId: 'c', at: order.at, barriers: [1], unverified: 'unchecked' },
  listed: { v: 1, campaignId: 'c', lists: [] },
} as const;

describe('an order to reconcile', () => {
  it.each(['all', 0, 1_000] as const)('of %s requests is what was written', (requests) => {
    const given = { ...order, requests };
    expect(parseOrder(orderText(given))).toEqual(given);
  });

  it.each(['by liu: all', 'by liu at noon: all', 'by liu at 2020-10-01T00:00:00Z: many', ''])(
    'can’t be read: %s',
    (text) => {
      expect(parseOrder(text)).toBeUndefined();
    },
  );

  it('is carried out once the list is made, for ten minutes, by a Job with a name of its own', () => {
    const campaign = issuing(orderText(order));
    const jobsAt = (atMs: number) =>
      jobsWithWork(campaign, { freeze: listed }, { opensAtMs: 0 }, atMs).filter(({ job }) => job === 'books');
    expect(jobsAt(nowMs)).toEqual([{ job: 'books', run: runOf(order), reconcile: order }]);
    expect(runOf(order)).toHaveLength(6);
    expect(jobsAt(nowMs + 10 * 60_000)).toEqual([]);
    expect(jobsWithWork(campaign, { freeze: { kind: 'publishing' } }, { opensAtMs: 0 }, nowMs)).toEqual([
      { job: 'compare' },
    ]);
  });

  it('does nothing in a campaign without issuance', () => {
    const { issuance: _, ...spec } = issuing(orderText(order)).spec;
    expect(reconcileOrderOf({ ...issuing(orderText(order)), spec }, nowMs)).toBeUndefined();
    expect(jobsOf(spec)).not.toContain('books');
    expect(jobsOf(issuing().spec)).toContain('books');
  });

  it('is ordered by the operator once every winner has a voucher, until it is done', () => {
    const at = '2027-01-02T03:04:05.000Z';
    const issued = {
      type: 'Issued',
      status: 'True' as const,
      reason: 'AllIssued',
      message: '',
      lastTransitionTime: at,
    };
    const own = { by: 'the operator', at, requests: 'all' as const };
    expect(ownOrderOf({ conditions: [issued] })).toEqual(own);
    expect(ownOrderOf({ conditions: [{ ...issued, status: 'False' }] })).toBeUndefined();
    expect(ownOrderOf({ conditions: [issued], issuance: { reconciledFor: at } })).toBeUndefined();
    expect(ownOrderOf({ conditions: [issued], privacy: { deleteAt: at, orderedAt: at } })).toBeUndefined();
    const jobs = jobsWithWork(
      issuing(),
      { freeze: listed, previous: { conditions: [issued] } },
      { opensAtMs: 0 },
      nowMs,
    );
    expect(jobs.filter(({ job }) => job === 'books')).toEqual([{ job: 'books', run: runOf(own), reconcile: own }]);
    const running = { name: 'x', state: 'running' as const, failedPods: 0 };
    const key = `books-${runOf(own)}`;
    expect(reconciledFor({ conditions: [issued] }, { jobs: { [key]: running } })).toBeUndefined();
    expect(reconciledFor({ conditions: [issued] }, { jobs: { [key]: { ...running, state: 'done' } } })).toBe(at);
    expect(reconciledFor({ conditions: [issued], issuance: { reconciledFor: at } }, {})).toBe(at);
  });
});

describe('the Job’s pod', () => {
  const job = (changes: Partial<ObservedJob> = {}): ObservedJob => ({
    name: 'chengdu-books-abc123',
    state: 'running',
    failedPods: 0,
    podName: 'chengdu-books-abc123-x',
    adminUrl: 'http://10.0.0.9:9090',
    ...changes,
  });

  it('asks the channels beside issuance, while it runs', () => {
    const jobs = { 'books-abc123': job(), 'draw-r1': job({ name: 'chengdu-draw-r1' }), compare: job() };
    expect(auditorsOf({ jobs }, 'issuance')).toEqual([
      { name: 'chengdu-books-abc123-x', adminUrl: 'http://10.0.0.9:9090' },
    ]);
    expect(auditorsOf({ jobs }, 'verification')).toEqual([]);
    expect(auditorsOf({ jobs: { 'books-abc123': job({ state: 'done' }) } }, 'issuance')).toEqual([]);
  });

  it('may publish nothing, and gets no account on the database', () => {
    expect(rightsOf('books')).toMatchObject({ publishes: [], database: 'none' });
    expect(rightsOf('books').decides).toBeUndefined();
  });

  it.each<readonly [string, Parameters<typeof aHandOutInput>[0], Readonly<Record<string, number>>]>([
    ['shares the rate with the tier’s pods', {}, { a: 34, b: 33, x: 33 }],
    ['alone asks a channel that is halted', { halts: { tencent: 'BooksDiffer' } }, { x: 100 }],
    ['alone asks while issuance is paused', { isOver: true }, { x: 100 }],
  ])('%s', (_, changes, perSecond) => {
    const input = aHandOutInput({ pods: readyPods('a', 'b', 'x'), auditors: ['x'], ...changes });
    expect(handOut(input).next.targets['tencent']?.perSecond).toEqual(perSecond);
  });
});
