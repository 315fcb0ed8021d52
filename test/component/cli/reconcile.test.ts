/** `kubectl voucher reconcile` and `issue unbound` against an API server of straw that plays operator and Job. */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import {
  parseOrder,
  RECONCILE,
  REPORT_MEMBER,
  type ReconcileReport,
  runOf,
} from '../../../contract/outside/reconcile.ts';
import { aReport } from '../../helpers/a-status.ts';
import { runVoucher } from '../../helpers/run-voucher.ts';
import { type Answer, StrawApiServer } from '../kube/api-server.ts';

let server: StrawApiServer;
let folder = '';
let report: ReconcileReport;
let jobStatus: object;
let logs: Answer | undefined;
let order: string | undefined;
let issues: boolean;

const ISSUANCE = { secretName: 'voucher-issuance', channels: [] };
const balanced: ReconcileReport = {
  v: 1,
  campaignId: 'spring',
  from: '2027-03-01T02:00:00.000Z',
  to: '2027-03-01T02:01:00.000Z',
  requests: 'all',
  vouchers: [
    { voucher: 'dining', winners: 1_000, unbound: 20, waiting: 0, open: 0, issued: 975, failed: 5, erased: 0 },
  ],
  stocks: [
    {
      channel: 'wechat',
      voucher: 'dining',
      issued: 975,
      open: 0,
      redeemed: 3,
      expired: 0,
      failures: { account: 5 },
      theirsBefore: 975,
      theirsAfter: 975,
      result: 'agrees',
    },
  ],
  asked: [{ channel: 'wechat', questions: 980, agree: 980, open: 0, unanswered: 0 }],
  mismatches: [],
  counts: {},
};
const meta = (name: string): object => ({ name, namespace: 'vouchers', uid: 'u', resourceVersion: '1' });

beforeEach(async () => {
  server = await new StrawApiServer().start();
  folder = await mkdtemp(join(tmpdir(), 'voucher-reconcile-'));
  await writeFile(join(folder, 'config'), server.kubeconfig);
  report = balanced;
  jobStatus = { conditions: [{ type: 'Complete', status: 'True' }] };
  logs = undefined;
  order = undefined;
  issues = true;
  server.handler = ({ method, path, body }) => {
    if (path.includes('/selfsubjectreviews'))
      return { status: 201, body: { status: { userInfo: { username: 'liu' } } } };
    if (path.includes('/vouchercampaigns/')) {
      if (method === 'PATCH') {
        const patch = JSON.parse(body) as readonly { readonly path: string; readonly value?: unknown }[];
        order = patch
          .map(({ value }) => value)
          .find((value): value is string => typeof value === 'string' && value.startsWith('by '));
      }
      const { campaign } = aReport({});
      const { metadata, spec } = campaign;
      return {
        status: 200,
        body: {
          ...campaign,
          metadata: { ...metadata, resourceVersion: '1' },
          spec: issues ? { ...spec, issuance: ISSUANCE } : spec,
        },
      };
    }
    const given = order === undefined ? undefined : parseOrder(order);
    const name = given === undefined ? '' : `spring-books-${runOf(given)}`;
    if (path.includes('/jobs/')) {
      return path.endsWith(`/${name}`)
        ? { status: 200, body: { apiVersion: 'batch/v1', kind: 'Job', metadata: meta(name), status: jobStatus } }
        : { status: 404, body: { kind: 'Status', code: 404, reason: 'NotFound', message: 'no such Job' } };
    }
    if (path.includes('/log')) {
      const line = JSON.stringify({ level: 'info', [REPORT_MEMBER]: report, msg: 'the books are balanced' });
      return logs ?? { status: 200, text: `{"level":"info","msg":"reconciling"}\n${line}\n` };
    }
    const pod = { apiVersion: 'v1', kind: 'Pod', metadata: meta(`${name}-x`), status: { phase: 'Succeeded' } };
    return { status: 200, body: { metadata: { resourceVersion: '1' }, items: [pod] } };
  };
});
afterEach(async () => {
  await server.stop();
  await rm(folder, { recursive: true, force: true });
});
const run = (...args: readonly string[]) => runVoucher(args, join(folder, 'config'));

it('orders the Job by an annotation, and prints its report', async () => {
  const dir = join(folder, 'report');
  const { code, out } = await run('reconcile', 'spring', '-n', 'vouchers', '--complete', '--dir', dir);
  expect(code).toBe(0);
  expect(order).toMatch(/^by liu at \S+: all$/);
  expect(server.received.some(({ body }) => body.includes(RECONCILE.replace('/', '~1')))).toBe(true);
  expect(out).toContain('Verdict: balanced.');
  expect(out).toContain('| dining | 1,000 | 975 | 0 | 5 | 0 | 20 | 0 |');
  expect(out).toContain('| wechat | dining | 975 | 0 | 3 | 0 | account 5 | 975 | 975 | agrees |');
  expect((await readdir(join(folder, 'report'))).toSorted()).toEqual([
    'channels.csv',
    'failures.csv',
    'mismatches.csv',
    'report.md',
    'vouchers.csv',
  ]);
  expect(await readFile(join(folder, 'report', 'vouchers.csv'), 'utf8')).toBe(
    'voucher,winners,issued,open,failed,waiting,unbound,erased\r\ndining,1000,975,0,5,0,20,0\r\n',
  );
  expect(await readFile(join(folder, 'report', 'report.md'), 'utf8')).toBe(out);
});

it('lists the requests that differ, and ends with 1', async () => {
  report = {
    ...balanced,
    counts: { missingThere: 1 },
    mismatches: [{ kind: 'missingThere', channel: 'wechat', voucher: 'dining', request: 'AB12' }],
  };
  const { code, out } = await run('reconcile', 'spring', '-n', 'vouchers');
  expect(code).toBe(1);
  expect(order).toMatch(/: 1000$/);
  expect(out).toContain('NOT BALANCED');
  expect(out).toContain('| missingThere | wechat | dining | AB12 |');
});

it('counts winners without an account, and asks no channel for it', async () => {
  const { code, out } = await run('issue', 'unbound', 'spring', '-n', 'vouchers');
  expect({ code, order: order?.replace(/at \S+:/, 'at T:') }).toEqual({ code: 0, order: 'by liu at T: 0' });
  expect(out).toContain('20 of 1,000 winners have bound no account');
});

it('says where to look when the Job fails', async () => {
  jobStatus = { conditions: [{ type: 'Failed', status: 'True' }] };
  const { code, err } = await run('reconcile', 'spring', '-n', 'vouchers');
  expect(code).toBe(1);
  expect(err).toMatch(/Its log says why: kubectl logs job\/spring-books-\w{6} -n vouchers/);
});

it('names the permission that is missing', async () => {
  logs = { status: 403, body: { kind: 'Status', code: 403, reason: 'Forbidden', message: 'pods/log is forbidden' } };
  const { code, err } = await run('reconcile', 'spring', '-n', 'vouchers');
  expect(code).toBe(1);
  expect(err).toContain('pods/log in namespace vouchers');
});

it.each<readonly [string, readonly string[], RegExp]>([
  ['both of two options', ['--sample', '5', '--complete'], /not both/],
  ['a sample that is no number', ['--sample', 'many'], /--sample must be a number/],
])('refuses %s', async (_, options, message) => {
  const { code, err } = await run('reconcile', 'spring', '-n', 'vouchers', ...options);
  expect(code).toBe(2);
  expect(err).toMatch(message);
});

it('refuses a campaign that issues nothing', async () => {
  issues = false;
  const { code, err } = await run('reconcile', 'spring', '-n', 'vouchers');
  expect(code).toBe(2);
  expect(err).toContain('has no spec.issuance');
});
