import { describe, expect, it } from '@jest/globals';
import type { PodSpec } from 'kubernetes-types/core/v1.js';
import { readOperatorConfig } from '../../operator/config.ts';
import { tolerationsOf } from '../../operator/resources/pod.ts';
import { OPERATOR_NODE_OPTIONS } from '../bench/load/program.ts';
import { containersOf, podsOf } from './pods.ts';
import { EXTERNAL, type Manifest, render, WATCHING, WITH_CAMPAIGNS } from './render.ts';

const podOf = (manifest: Manifest): PodSpec | undefined => podsOf([manifest])[0]?.spec;
const pods = (manifests: readonly Manifest[]): readonly (readonly [string, PodSpec])[] =>
  podsOf(manifests).map(({ name, spec }) => [name, spec] as const);
const containers = containersOf;

const named = (manifests: readonly Manifest[], kind: string, name: string): Manifest => {
  const found = manifests.find((one) => one.kind === kind && one.metadata.name === name);
  if (found === undefined) throw new Error(`no ${kind} ${name}`);
  return found;
};

const EVERYTHING = {
  ...WITH_CAMPAIGNS,
  monitoring: { podMonitor: { enabled: true }, prometheusRule: { enabled: true } },
};

describe.each([
  ['the embedded data plane', EVERYTHING, 7],
  ['an external data plane', EXTERNAL, 2],
  ['watched namespaces', WATCHING, 7],
])('the pods of an installation with %s', (_, values, count) => {
  it('are as restricted as Kubernetes can ask for', async () => {
    const all = pods(await render(values));
    expect(all).toHaveLength(count);
    for (const [name, pod] of all) {
      expect([name, pod.securityContext]).toEqual([
        name,
        expect.objectContaining({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } }),
      ]);
      expect([name, pod.hostNetwork ?? pod.hostPID ?? pod.hostIPC]).toEqual([name, undefined]);
      expect([name, pod.volumes?.filter(({ hostPath }) => hostPath !== undefined) ?? []]).toEqual([name, []]);
      for (const container of containers(pod)) {
        expect([name, container.securityContext]).toEqual([
          name,
          { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } },
        ]);
        expect([name, Object.keys(container.resources?.requests ?? {}).sort()]).toEqual([name, ['cpu', 'memory']]);
        expect([name, container.resources?.limits?.['memory']]).toEqual([name, expect.any(String)]);
      }
    }
  });

  it('have a token of the API server only where they talk to it', async () => {
    const withToken = pods(await render(values)).filter(([, pod]) => pod.automountServiceAccountToken !== false);
    expect(withToken.map(([name]) => name).filter((name) => name !== 'Pod vo-setup-secrets')).toEqual([
      'Deployment vo',
    ]);
  });

  it('come from the registry that the values name, with its credentials', async () => {
    const registry = { imageRegistry: 'registry.example.cn/city', imagePullSecrets: ['pull'] };
    const manifests = await render({ ...values, ...registry });
    for (const [name, pod] of pods(manifests)) {
      expect([name, pod.imagePullSecrets]).toEqual([name, [{ name: 'pull' }]]);
      for (const { image } of containers(pod)) expect(image).toMatch(/^registry\.example\.cn\/city\/[a-z-]+[:@]/);
    }
  });
});

describe('the operator', () => {
  it('is two replicas that are never both taken away', async () => {
    const manifests = await render();
    expect(named(manifests, 'Deployment', 'vo').spec).toMatchObject({
      replicas: 2,
      strategy: { rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
    });
    expect(named(manifests, 'PodDisruptionBudget', 'vo').spec).toMatchObject({ maxUnavailable: 1 });
  });

  it('runs a digest instead of a tag when there is one, and starts pods of the same', async () => {
    const digest = `sha256:${'a'.repeat(64)}`;
    const [container] = podOf(named(await render({ image: { digest } }), 'Deployment', 'vo'))?.containers ?? [];
    expect(container?.image).toBe(`voucher-operator@${digest}`);
    expect(container?.env).toContainEqual({ name: 'VOUCHER_OPERATOR_APP_IMAGE', value: `voucher-operator@${digest}` });
  });

  it('has the memory that its benches give it', async () => {
    const [container] = podOf(named(await render(), 'Deployment', 'vo'))?.containers ?? [];
    expect(container?.env).toContainEqual({ name: 'NODE_OPTIONS', value: OPERATOR_NODE_OPTIONS });
  });

  it('is told the namespaces that it may watch', async () => {
    const [container] = podOf(named(await render(WATCHING), 'Deployment', 'vo'))?.containers ?? [];
    expect(container?.env).toContainEqual({ name: 'VOUCHER_OPERATOR_WATCH_NAMESPACES', value: 'vouchers,other' });
  });
});

describe('the port where trails are read', () => {
  const ports = (manifests: readonly Manifest[], service: string) =>
    (named(manifests, 'Service', service).spec as { readonly ports: readonly unknown[] }).ports;
  const ingress = async (values: object = {}) =>
    (named(await render(values), 'NetworkPolicy', 'vo').spec as { readonly ingress: readonly unknown[] }).ingress;

  it('is the only one of its Service, and in no other', async () => {
    const manifests = await render({ audit: { open: true } });
    expect(ports(manifests, 'vo-audit')).toEqual([{ name: 'audit', port: 9091, targetPort: 'audit' }]);
    expect(ports(manifests, 'vo-metrics')).toEqual([{ name: 'metrics', port: 9090, targetPort: 'metrics' }]);
    const [container] = podOf(named(manifests, 'Deployment', 'vo'))?.containers ?? [];
    expect(container?.ports).toEqual([
      { name: 'metrics', containerPort: 9090 },
      { name: 'audit', containerPort: 9091 },
    ]);
  });

  it('is open to the API server only, once the values say where it is; who scrapes is another matter', async () => {
    const apiServerPeers = [{ ipBlock: { cidr: '10.0.0.10/32' } }];
    const networkPolicy = { apiServerPeers, monitoringNamespaces: ['monitoring'] };
    const [metrics, audit] = await ingress({ networkPolicy, audit: { open: true } });
    expect(audit).toEqual({ ports: [{ protocol: 'TCP', port: 'audit' }], from: apiServerPeers });
    expect(JSON.stringify(metrics)).not.toContain('10.0.0.10');
    expect((await ingress({ audit: { open: true } }))[1]).toEqual({ ports: [{ protocol: 'TCP', port: 'audit' }] });
  });
});

describe('the port where trails are read, by default', () => {
  const opened = async (values: object): Promise<readonly string[]> => {
    const text = (await render(values)).flatMap((manifest) =>
      ['Service', 'NetworkPolicy', 'Deployment'].includes(manifest.kind)
        ? [`${manifest.kind} ${JSON.stringify(manifest)}`]
        : [],
    );
    return text.filter((one) => /9091|"audit"/.test(one)).map((one) => one.split(' ')[0] ?? '');
  };

  it('is closed: no Service, no NetworkPolicy and no container has it', async () => {
    expect(await opened({})).toEqual([]);
  });

  it.each<[string, object]>([
    ['the values open it', { open: true }],
    ['the values name readers', { readers: [{ kind: 'Group', apiGroup: 'rbac.authorization.k8s.io', name: 'a' }] }],
  ])('is open once %s', async (_, audit) => {
    expect((await opened({ audit })).toSorted()).toEqual(['Deployment', 'NetworkPolicy', 'Service']);
  });
});

describe('the embedded database', () => {
  it('takes nobody over the network without TLS and a password', async () => {
    const manifests = await render();
    const rules = named(manifests, 'ConfigMap', 'vo-postgres').data?.['pg_hba.conf']?.trim().split('\n') ?? [];
    expect(rules.map((rule) => rule.split(/ +/)).filter(([type]) => type !== 'local')).toEqual([
      ['hostssl', 'all', 'all', 'all', 'scram-sha-256'],
    ]);
    const args = podOf(named(manifests, 'StatefulSet', 'vo-postgres'))?.containers[0]?.args;
    expect(args).toEqual(expect.arrayContaining(['ssl=on', 'hba_file=/etc/postgres-config/pg_hba.conf']));
  });
});

describe('the embedded journal', () => {
  const config = async (values: object): Promise<string> =>
    named(await render(values), 'ConfigMap', 'vo-nats').data?.['nats.conf'] ?? '';

  it('flushes before it acknowledges', async () => {
    expect(await config({})).toMatch(/^\s*sync_interval: always$/m);
  });

  it('has no password in its configuration', async () => {
    const passwords = [...(await config(WITH_CAMPAIGNS)).matchAll(/password: (\S+)/g)].map(([, value]) => value);
    expect(passwords).toEqual(['$ROUTE_PASSWORD,']);
  });

  it('takes nobody, and no other server, without TLS', async () => {
    const [clients = '', cluster = ''] = (await config({})).split('cluster {');
    expect(clients).toMatch(/^tls \{\s+cert_file:/m);
    expect(cluster).toMatch(/tls \{[^}]*ca_file: [^}]*verify: true/);
    const [container] = podOf(named(await render(), 'StatefulSet', 'vo-nats'))?.containers ?? [];
    const routes = container?.env?.filter(({ name }) => name.startsWith('ROUTE_') && name !== 'ROUTE_PASSWORD') ?? [];
    expect(routes.map(({ value }) => value?.split('@')[0])).toEqual(Array(3).fill('tls://route:$(ROUTE_PASSWORD)'));
  });

  it('is left alone when a campaign is added: only what its companion reads changes', async () => {
    const stateful = async (values: object) => named(await render(values), 'StatefulSet', 'vo-nats').spec;
    expect(await stateful(WITH_CAMPAIGNS)).toEqual(await stateful({}));
    const asked = named(await render(WITH_CAMPAIGNS), 'ConfigMap', 'vo-nats-accounts').data?.['accounts.json'];
    expect(JSON.parse(asked ?? '')).toEqual({ shards: 3, campaigns: ['spring-2027', 'autumn-2027'] });
  });

  it('has a companion that may signal it and has no more rights than it', async () => {
    const pod = podOf(named(await render(), 'StatefulSet', 'vo-nats'));
    expect(pod?.shareProcessNamespace).toBe(true);
    expect(pod?.initContainers).toMatchObject([{ name: 'accounts', restartPolicy: 'Always' }]);
    const users = containers(pod ?? { containers: [] }).map(({ securityContext }) => securityContext?.runAsUser);
    expect(users).toEqual([undefined, undefined]);
    const keys = pod?.volumes?.find(({ name }) => name === 'accounts-key')?.secret?.items;
    expect(keys).toEqual([{ key: 'accounts.key', path: 'accounts.key' }]);
  });

  it('moves its leaders away before it ends, and has the time to', async () => {
    const pod = podOf(named(await render(), 'StatefulSet', 'vo-nats'));
    expect(pod?.containers[0]?.lifecycle?.preStop?.exec?.command).toContain('ldm=/var/run/nats/nats.pid');
    expect(pod?.terminationGracePeriodSeconds).toBeGreaterThan(30);
  });

  it('is absent with an external one', async () => {
    const kinds = (await render(EXTERNAL)).map(({ kind }) => kind);
    expect(kinds.filter((kind) => ['StatefulSet', 'Job', 'Secret'].includes(kind))).toEqual([]);
    expect(pods(await render(EXTERNAL)).map(([name]) => name)).toEqual(['Deployment vo', 'Pod vo-test']);
  });
});

describe('what campaigns’ pods are told', () => {
  it.each([
    ['by default', {}, 30],
    ['by value', { app: { nodeLostTolerationSeconds: 5 } }, 5],
  ])('%s has them leave a node that does not answer soon', async (_, values, want) => {
    const [, pod] = pods(await render(values)).find(([name]) => name === 'Deployment vo') ?? [];
    const env = pod?.containers[0]?.env?.find(({ name }) => name === 'VOUCHER_OPERATOR_APP_PODS');
    expect(JSON.parse(env?.value ?? '{}')).toMatchObject({ nodeLostTolerationSeconds: want });
    const { build } = readOperatorConfig(['--app-image', 'a', '--app-pods', env?.value ?? ''], {});
    expect(tolerationsOf(build.pods ?? {}).map(({ tolerationSeconds }) => tolerationSeconds)).toEqual([want, want]);
  });
});
