/** What the Pulumi component registers, as a real API server sees it. Its engine deploys nothing here. */

import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Cluster } from '../../../tools/cluster.ts';
import { platformOf, type Registered } from '../../chart/deploy/registered.ts';
import { sharedCluster, type TestNamespace, testNamespace } from '../../helpers/cluster.ts';
import { campaignManifest } from './installation.ts';

let cluster: Cluster;
let vouchers: TestNamespace;
let registered: readonly Registered[];

beforeAll(async () => {
  cluster = await sharedCluster();
  vouchers = await testNamespace(cluster, 'pulumi');
  for (const plural of ['vouchercampaigns', 'scaleplans']) {
    const file = new URL(`../../../crds/voucher-operator.io_${plural}.yaml`, import.meta.url);
    await cluster.kubectl(['apply', '--server-side', '--force-conflicts', '-f', '-'], {
      input: await readFile(file, 'utf8'),
    });
    await cluster.kubectl(['wait', '--for=condition=Established', `crd/${plural}.voucher-operator.io`]);
  }
  const { spec } = JSON.parse(await campaignManifest('spring'));
  ({ registered } = await platformOf({
    namespace: `${vouchers.name}-system`,
    dataPlane: { kind: 'embedded' },
    campaigns: [{ name: 'spring', namespace: vouchers.name, spec }],
  }));
}, 900_000);
afterAll(async () => {
  await vouchers?.remove();
});

const objects = (): readonly Registered[] => registered.filter(({ inputs }) => inputs['apiVersion'] !== undefined);

describe('every object that a platform registers', () => {
  it('is admitted', async () => {
    expect(objects().map(({ inputs }) => inputs['kind'])).toEqual(['Namespace', 'Namespace', 'VoucherCampaign']);
    for (const { inputs } of objects()) {
      const answer = await cluster.kubectl(
        ['apply', '--server-side', '--force-conflicts', '--dry-run=server', '--validate=strict', '-f', '-'],
        { input: JSON.stringify(inputs) },
      );
      expect(answer).toContain('serverside-applied (server dry run)');
    }
  });

  it('and its release, of which every object is admitted too', async () => {
    const release = registered.find(({ type }) => type === 'kubernetes:helm.sh/v3:Release');
    const { name, chart, values } = release?.inputs ?? {};
    const rendered = await cluster.helm(
      ['template', String(name), String(chart), '--namespace', vouchers.name, '--values', '-'],
      { input: JSON.stringify(values) },
    );
    // A pod is admitted only where its ServiceAccount is; a dry run makes none.
    await vouchers.kubectl('create', 'serviceaccount', 'voucher-setup');
    const answer = await cluster.kubectl(
      ['apply', '--server-side', '--force-conflicts', '--dry-run=server', '--validate=strict', '-f', '-'],
      { input: rendered },
    );
    const lines = answer.trim().split('\n');
    expect(lines.length).toBeGreaterThan(25);
    for (const line of lines) expect(line).toMatch(/serverside-applied \(server dry run\)$/);
  });
});
