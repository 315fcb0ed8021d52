/** `kubectl voucher campaign clone` against an API server of straw: it reads, and writes nothing. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { decisionsName } from '../../../contract/names.ts';
import { aReport } from '../../helpers/a-status.ts';
import { runVoucher } from '../../helpers/run-voucher.ts';
import { StrawApiServer } from '../kube/api-server.ts';

let server: StrawApiServer;
let folder = '';
let configMap: { readonly status: number; readonly body: object };

beforeEach(async () => {
  server = await new StrawApiServer().start();
  folder = await mkdtemp(join(tmpdir(), 'voucher-clone-'));
  await writeFile(join(folder, 'config'), server.kubeconfig);
  const sample = { at: '2027-03-01T02:00:00Z', arrivalsPerSecond: 912.4 };
  const { uid } = aReport({}).campaign.metadata;
  const meta = {
    name: decisionsName('spring'),
    namespace: 'vouchers',
    uid: 'c',
    resourceVersion: '1',
    ownerReferences: [{ apiVersion: 'v1', kind: 'VoucherCampaign', name: 'spring', uid, controller: true }],
  };
  configMap = {
    status: 200,
    body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: meta, data: { recent: `${JSON.stringify(sample)}\n` } },
  };
  server.handler = ({ path }) => {
    if (path.includes('/configmaps/')) return configMap;
    const { campaign } = aReport({});
    return { status: 200, body: { ...campaign, metadata: { ...campaign.metadata, resourceVersion: '1' } } };
  };
});
afterEach(async () => {
  await server.stop();
  await rm(folder, { recursive: true, force: true });
});
const run = (...args: readonly string[]) => runVoucher(args, join(folder, 'config'));
const clone = (...rest: readonly string[]) => run('campaign', 'clone', 'spring', '-n', 'vouchers', '--as', ...rest);

it('prints a campaign with the peak that is known, and writes nothing', async () => {
  const { code, out } = await clone('autumn-2027', '--shift', '184d');
  expect(code).toBe(0);
  expect(out).toContain('campaignId: autumn-2027');
  expect(out).toContain('peakArrivalsPerSecond: 913 # first estimate');
  expect(new Set(server.received.map(({ method }) => method))).toEqual(new Set(['GET']));
});

it('prints one without the peak where the log can’t be read', async () => {
  configMap = {
    status: 403,
    body: { kind: 'Status', code: 403, reason: 'Forbidden', message: 'configmaps is forbidden' },
  };
  const { code, out } = await clone('autumn-2027', '--shift', '184d');
  expect(code).toBe(0);
  expect(out).toContain('# confirm: no peak of');
});

it.each<readonly [string, readonly string[], RegExp]>([
  ['a name that no campaign can have', ['Autumn 2027', '--shift', '184d'], /campaignId/],
  ['a shift that is no duration', ['autumn-2027', '--shift', 'later'], /is no duration/],
])('refuses %s', async (_, rest, message) => {
  const { code, err } = await clone(...rest);
  expect(code).toBe(2);
  expect(err).toMatch(message);
});
