import { describe, expect, it } from '@jest/globals';
import type { ComparisonReport } from '../../../contract/compare.ts';
import type { Condition } from '../../../contract/types/common.ts';
import { recordsConsistent } from '../../../operator/conditions/records-consistent.ts';
import type { ObservedJob } from '../../../operator/tick/cluster-view.ts';
import type { Observed } from '../../../operator/tick/observed.ts';
import { aCampaign, OPENS_AT_MS } from '../../helpers/a-campaign.ts';
import { AGREEING } from '../../helpers/comparison.ts';
import { anObserved } from '../../helpers/observed.ts';

const nowMs = OPENS_AT_MS + 60_000;
const campaign = aCampaign();
const waiting: Observed['freeze'] = { kind: 'waiting', waiting: { why: 'NotClosed', untilMs: nowMs + 1 } };
const frozen = {
  v: 1,
  campaignId: 'spring',
  at: '2020-09-26T00:00:00.000Z',
  barriers: [7],
  unverified: 'exclude',
} as const;
const listed = { v: 1, campaignId: 'spring', lists: [] } as const;
const job = (state: ObservedJob['state']): ObservedJob => ({ name: 'chengdu-compare', state, failedPods: 0 });
const known = (status: Condition['status'], reason: string): Observed['previous'] => ({
  conditions: [{ type: 'RecordsConsistent', status, reason, message: 'before', lastTransitionTime: '' }],
});

const verdict = (
  { jobs, isJobsUnseen, ...observed }: Partial<Observed> & Partial<Observed['cluster']>,
  atMs = nowMs,
) => {
  const all = anObserved({ freeze: waiting, ...observed });
  return recordsConsistent({
    observed: { ...all, cluster: { ...all.cluster, ...(jobs && { jobs }), ...(isJobsUnseen && { isJobsUnseen }) } },
    campaign,
    times: { opensAtMs: OPENS_AT_MS } as Parameters<typeof recordsConsistent>[0]['times'],
    nowMs: atMs,
  });
};
const report = (changes: Partial<ComparisonReport> = {}): ComparisonReport => ({
  ...AGREEING,
  roundAtMs: nowMs - 5_000,
  ...changes,
});

describe('RecordsConsistent', () => {
  it.each<readonly [string, Parameters<typeof verdict>[0], string, RegExp]>([
    ['of a new leader without a status', { freeze: undefined }, 'Unknown NotYetObserved', /not been compared yet/],
    ['of a new leader', { freeze: undefined, previous: known('False', 'RowsDiffer') }, 'False RowsDiffer', /^before$/],
    ['without a Job', {}, 'Unknown NotCompared', /Job chengdu-compare does not exist yet/],
    ['without permission for Jobs', { isJobsUnseen: true }, 'Unknown NotCompared', /jobs of the group batch/],
    [
      'with a Job whose pod does not run',
      { jobs: { compare: job('starting') } },
      'Unknown NotCompared',
      /kubectl describe pods -n vouchers -l job-name=chengdu-compare/,
    ],
    [
      'with a Job that failed',
      { jobs: { compare: job('failed') } },
      'Unknown NotCompared',
      /kubectl logs job\/chengdu-compare -n vouchers/,
    ],
    ['with a Job that can’t be asked', { jobs: { compare: job('running') } }, 'Unknown NotCompared', /admin port/],
    [
      'before the first round',
      { jobs: { compare: job('running') }, comparison: { watermarks: [0], buckets: 0, rows: [], suspected: 0 } },
      'Unknown NotCompared',
      /reads the journal from its first message/,
    ],
    [
      'while records is far behind',
      { jobs: { compare: job('running') }, comparison: report({ roundAtMs: nowMs - 600_001, behind: 'records' }) },
      'Unknown NotCompared',
      /not been compared since .*records tier/,
    ],
    ['with rows that agree', { comparison: report() }, 'True RowsAgree', /match the journal/],
    [
      'with a difference that one round saw',
      { comparison: report({ suspected: 1 }) },
      'True RowsAgree',
      /match the journal/,
    ],
    [
      'with rows that differ',
      {
        comparison: report({
          buckets: 2,
          rows: [
            { bucket: 17, rows: 2 },
            { bucket: 300, rows: 1 },
          ],
        }),
      },
      'False RowsDiffer',
      /3 rows in 2 buckets of 1,024 \(bucket 17: 2, bucket 300: 1\).*kubectl voucher consistency --list chengdu -n vouchers/,
    ],
    [
      'once the list is made',
      { freeze: { kind: 'done', frozen, listed }, comparison: report(), previous: known('True', 'RowsAgree') },
      'True RowsAgree',
      /^before$/,
    ],
    [
      'once the list is made, not known before',
      { freeze: { kind: 'done', frozen, listed } },
      'Unknown NotCompared',
      /not compared any more/,
    ],
  ])('%s', (_, observed, wanted, text) => {
    const { status, reason, message } = verdict(observed);
    expect(`${status} ${reason}`).toBe(wanted);
    expect(message).toMatch(text);
  });

  it('is not known before opening', () => {
    expect(verdict({}, OPENS_AT_MS - 1)).toMatchObject({ status: 'Unknown', reason: 'NotCompared' });
  });
});
