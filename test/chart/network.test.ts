/** NetworkPolicies fit the cluster: DNS and the API server are where it has them. */

import { describe, expect, it } from '@jest/globals';
import type { DeploymentSpec } from 'kubernetes-types/apps/v1.js';
import type { NetworkPolicy, NetworkPolicyEgressRule } from 'kubernetes-types/networking/v1.js';
import { pretendCluster } from './pretend-cluster.ts';
import { EXTERNAL, type Manifest, NAMESPACE, RELEASE, render, WITH_CAMPAIGNS } from './render.ts';

const policies = (manifests: readonly Manifest[]): readonly (readonly [string, NonNullable<NetworkPolicy['spec']>])[] =>
  manifests
    .filter(({ kind }) => kind === 'NetworkPolicy')
    .map(({ metadata, spec }) => [metadata.name, spec as NonNullable<NetworkPolicy['spec']>] as const);
const portsOf = ({ ports = [] }: NetworkPolicyEgressRule): readonly unknown[] => ports.map(({ port }) => port);
const egressOf = (manifests: readonly Manifest[], name: string): readonly NetworkPolicyEgressRule[] =>
  policies(manifests).find(([one]) => one === name)?.[1].egress ?? [];

describe('names are looked up', () => {
  const dns = (manifests: readonly Manifest[]) =>
    policies(manifests).flatMap(([name, { egress = [] }]) =>
      egress
        .filter(({ ports = [] }) => ports.some(({ protocol }) => protocol === 'UDP'))
        .map((rule) => [name, rule] as const),
    );

  it('on the ports that DNS servers have on Kubernetes and on OpenShift, anywhere', async () => {
    const found = dns(await render(WITH_CAMPAIGNS));
    expect(found.map(([name]) => name)).toEqual(['vo', 'vo-nats']);
    for (const [name, rule] of found) {
      expect([name, portsOf(rule), rule.to]).toEqual([name, [53, 53, 5353, 5353], undefined]);
    }
  });

  it('where the values say', async () => {
    const peers = [
      { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'openshift-dns' } } },
      { ipBlock: { cidr: '169.254.20.10/32' } },
      { ipBlock: { cidr: 'fd00::a/128' } },
    ];
    for (const [, rule] of dns(await render({ networkPolicy: { dns: { ports: [1053], peers } } }))) {
      expect([portsOf(rule), rule.to]).toEqual([[1053, 1053], peers]);
    }
  });
});

describe('pods of campaigns that the data plane serves', () => {
  const egressIn = (manifests: readonly Manifest[]): unknown => {
    const operator = manifests.find(({ kind, metadata }) => kind === 'Deployment' && metadata.name === RELEASE);
    const containers = (operator?.spec as DeploymentSpec | undefined)?.template.spec?.containers ?? [];
    const pods = containers[0]?.env?.find(({ name }) => name === 'VOUCHER_OPERATOR_APP_PODS')?.value;
    return JSON.parse(pods ?? '').egress;
  };

  it('are told where journal and database are', async () => {
    const egress = egressIn(await render(WITH_CAMPAIGNS));
    const peer = (component: string) => [
      {
        namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': NAMESPACE } },
        podSelector: { matchLabels: expect.objectContaining({ 'app.kubernetes.io/component': component }) },
      },
    ];
    expect(egress).toMatchObject({
      campaigns: expect.arrayContaining(['spring-2027']),
      names: [{ ports: expect.any(Array) }],
      journal: [{ to: peer('nats'), ports: [{ protocol: 'TCP', port: 4222 }] }],
      database: [{ to: peer('postgres'), ports: [{ protocol: 'TCP', port: 5432 }] }],
    });
  });

  it('are told nothing where the data plane is another’s, or nothing is to be closed', async () => {
    expect(egressIn(await render(EXTERNAL))).toBeUndefined();
    expect(egressIn(await render({ ...WITH_CAMPAIGNS, networkPolicy: { enabled: false } }))).toBeUndefined();
  });
});

describe('the API server is reached', () => {
  const ports = (manifests: readonly Manifest[]) => portsOf(egressOf(manifests, RELEASE)[1] ?? {});
  const found = async (sliced: readonly number[], values: object = {}) => {
    const meta = { namespace: 'default', name: 'kubernetes' };
    const cluster = await pretendCluster(
      [
        { apiVersion: 'v1', kind: 'Service', metadata: meta, ...{ spec: { ports: [{ port: 443 }] } } },
        {
          apiVersion: 'discovery.k8s.io/v1',
          kind: 'EndpointSlice',
          metadata: meta,
          ...{ ports: sliced.map((port) => ({ port })) },
        },
      ],
      RELEASE,
    );
    try {
      return ports(await render(values, { flags: cluster.flags }));
    } finally {
      await cluster.close();
    }
  };

  it('on the ports that the cluster says, in one order', async () => {
    expect(await found([8443])).toEqual([443, 8443]);
    expect(await found([16443, 6443])).toEqual([443, 6443, 16443]);
  });

  it('on those of the values, whatever the cluster says', async () => {
    expect(await found([8443], { networkPolicy: { apiServerPorts: [7443] } })).toEqual([7443]);
  });

  it('on the usual ones, minikube’s among them, where there is no cluster to ask', async () => {
    expect(ports(await render())).toEqual([443, 6443, 8443]);
  });
});

describe('every policy', () => {
  it('is for IPv6 as for IPv4', async () => {
    for (const values of [WITH_CAMPAIGNS, EXTERNAL]) {
      const text = JSON.stringify(policies(await render(values)));
      expect(text.includes('0.0.0.0/0')).toBe(text.includes('::/0'));
    }
  });

  it('lets the operator reach an external journal wherever it is, also as a pod', async () => {
    expect(egressOf(await render(EXTERNAL), RELEASE).at(-1)).toEqual({});
  });

  it('opens no port that its pods don’t have', async () => {
    const manifests = await render({ ...WITH_CAMPAIGNS, audit: { open: true } });
    const names = new Set(['metrics', 'audit', 'client', 'cluster', 'monitor', 'postgres', '8081']);
    for (const [name, { ingress = [] }] of policies(manifests)) {
      for (const { port } of ingress.flatMap(({ ports = [] }) => ports))
        expect([name, names.has(String(port))]).toEqual([name, true]);
    }
    expect(manifests.every(({ kind, metadata }) => kind !== 'NetworkPolicy' || metadata.namespace === NAMESPACE)).toBe(
      true,
    );
  });
});
