/** `kubectl voucher consistency` against an API server of straw. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import type { DifferencesReport } from '../../../contract/compare.ts';
import type { Condition } from '../../../contract/types/common.ts';
import { aReport, aStatus } from '../../helpers/a-status.ts';
import { runVoucher } from '../../helpers/run-voucher.ts';
import { type Answer, StrawApiServer } from '../kube/api-server.ts';

let server: StrawApiServer;
let folder = '';
let condition: Condition;
let pods: readonly object[];
let page: Answer;

const report: DifferencesReport = {
  comparedAt: '2027-03-01T02:00:00.000Z',
  rows: 3,
  buckets: 2,
  differences: [
    { table: 'registration', bucket: 17, receipt: 'R1', what: ['channel', 'sealed'] },
    { table: 'registration_fact', bucket: 300, receipt: 'R2', fact: 'verified 1', what: 'missing' },
  ],
};
const forbidden: Answer = {
  status: 403,
  body: { kind: 'Status', code: 403, reason: 'Forbidden', message: 'pods/proxy is forbidden' },
};

beforeEach(async () => {
  server = await new StrawApiServer().start();
  folder = await mkdtemp(join(tmpdir(), 'voucher-consistency-'));
  await writeFile(join(folder, 'config'), server.kubeconfig);
  condition = {
    type: 'RecordsConsistent',
    status: 'False',
    reason: 'RowsDiffer',
    message: 'Journal and database differ.',
    lastTransitionTime: '2027-03-01T02:00:00Z',
  };
  pods = [
    {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'spring-compare-1', namespace: 'vouchers', uid: 'u', resourceVersion: '1' },
      status: { phase: 'Running' },
    },
  ];
  page = { status: 200, body: report };
  server.handler = ({ path }) => {
    if (path.includes('/vouchercampaigns/')) {
      const { campaign } = aReport({ status: aStatus({ conditions: [condition] }) });
      return { status: 200, body: { ...campaign, metadata: { ...campaign.metadata, resourceVersion: '1' } } };
    }
    if (path.includes('/proxy/differences')) return page;
    return { status: 200, body: { metadata: { resourceVersion: '1' }, items: pods } };
  };
});
afterEach(async () => {
  await server.stop();
  await rm(folder, { recursive: true, force: true });
});
const run = (...args: readonly string[]) => runVoucher(args, join(folder, 'config'));

it('says what the condition says, and ends with 1 when rows differ', async () => {
  expect(await run('consistency', 'spring', '-n', 'vouchers')).toEqual({
    code: 1,
    out: 'spring: journal and database: differ (RowsDiffer)\nJournal and database differ.\n',
    err: '',
  });
  condition = { ...condition, status: 'True', reason: 'RowsAgree', message: 'All rows are there.' };
  expect(await run('consistency', 'spring', '-n', 'vouchers')).toMatchObject({
    code: 0,
    out: expect.stringContaining('agree'),
  });
});

it('lists the rows that differ, without a value of them', async () => {
  const { code, out } = await run('consistency', '--list', 'spring', '-n', 'vouchers');
  expect(code).toBe(1);
  expect(out.split('\n').slice(3)).toEqual(
    [
      'Compared at 2027-03-01T02:00:00.000Z:',
      'BUCKET  TABLE              RECEIPT  FACT        DIFFERENCE',
      '17      registration       R1       -           other channel, sealed',
      '300     registration_fact  R2       verified 1  not in the database',
      '… and 1 more.',
      '',
    ].slice(0),
  );
  const json = await run('consistency', '--list', 'spring', '-n', 'vouchers', '-o', 'json');
  expect(JSON.parse(json.out)).toMatchObject({ reason: 'RowsDiffer', ...report });
});

it('says which permission is missing, and where the list is otherwise', async () => {
  page = forbidden;
  expect(await run('consistency', '--list', 'spring', '-n', 'vouchers')).toMatchObject({
    code: 1,
    err: expect.stringMatching(/pods\/proxy.*kubectl logs job\/spring-compare -n vouchers/s),
  });
});

it('says so while no pod compares', async () => {
  pods = [];
  expect(await run('consistency', '--list', 'spring', '-n', 'vouchers')).toMatchObject({
    code: 2,
    err: expect.stringContaining('kubectl describe job spring-compare -n vouchers'),
  });
});
