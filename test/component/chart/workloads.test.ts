import { describe, expect, it } from '@jest/globals';
import type { Container, PodSpec } from 'kubernetes-types/core/v1.js';
import { EXTERNAL, type Manifest, render, WATCHING, WITH_CAMPAIGNS } from './render.ts';

const podOf = ({ kind, spec }: Manifest): PodSpec | undefined => {
  if (kind === 'Pod') return spec as PodSpec;
  return (spec as { template?: { spec?: PodSpec } } | undefined)?.template?.spec;
};
const pods = (manifests: readonly Manifest[]): readonly (readonly [string, PodSpec])[] =>
  manifests.flatMap((manifest) => {
    const pod = podOf(manifest);
    return pod === undefined ? [] : [[`${manifest.kind} ${manifest.metadata.name}`, pod] as const];
  });
const containers = (pod: PodSpec): readonly Container[] => [...(pod.initContainers ?? []), ...pod.containers];

const named = (manifests: readonly Manifest[], kind: string, name: string): Manifest => {
  const found = manifests.find((one) => one.kind === kind && one.metadata.name === name);
  if (found === undefined) throw new Error(`no ${kind} ${name}`);
  return found;
};

const EVERYTHING = { ...WITH_CAMPAIGNS, metrics: { podMonitor: true } };

describe.each([
  ['the embedded data plane', EVERYTHING, 6],
  ['an external data plane', EXTERNAL, 2],
  ['watched namespaces', WATCHING, 6],
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
    expect(withToken.map(([name]) => name).filter((name) => name !== 'Job vo-setup-secrets')).toEqual([
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

  it('is told the namespaces that it may watch', async () => {
    const [container] = podOf(named(await render(WATCHING), 'Deployment', 'vo'))?.containers ?? [];
    expect(container?.env).toContainEqual({ name: 'VOUCHER_OPERATOR_WATCH_NAMESPACES', value: 'vouchers,other' });
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
    expect(passwords).toHaveLength(4);
    for (const password of passwords) expect(password).toMatch(/^\$[A-Z0-9_]+,?$/);
  });

  it('lets a campaign publish and listen to its own subjects only', async () => {
    const text = await config(WITH_CAMPAIGNS);
    const [, own] = text.split('user: "campaign-spring-2027"');
    const [mine = ''] = own?.split('user: "campaign-autumn-2027"') ?? [];
    const subjects = [...mine.matchAll(/"([^"]+)"/g)].map(([, subject]) => subject);
    expect(subjects.length).toBeGreaterThan(10);
    expect(subjects.filter((subject) => !subject?.includes('spring-2027'))).toEqual(['$JS.API.INFO']);
  });

  it('reads its accounts anew when a campaign is added, and is left alone otherwise', async () => {
    const annotations = async (values: object) => {
      const { spec } = named(await render(values), 'StatefulSet', 'vo-nats');
      return (spec as { template: { metadata: { annotations: object } } }).template.metadata.annotations;
    };
    expect(await annotations({ operator: { logLevel: 'debug' } })).toEqual(await annotations({}));
    expect(await annotations(WITH_CAMPAIGNS)).not.toEqual(await annotations({}));
  });

  it('moves its leaders away before it ends, and has the time to', async () => {
    const pod = podOf(named(await render(), 'StatefulSet', 'vo-nats'));
    expect(pod?.containers[0]?.lifecycle?.preStop?.exec?.command).toContain('ldm=/var/run/nats/nats.pid');
    expect(pod?.terminationGracePeriodSeconds).toBeGreaterThan(30);
  });

  it('is absent with an external one', async () => {
    const kinds = (await render(EXTERNAL)).map(({ kind }) => kind);
    expect(kinds.filter((kind) => ['StatefulSet', 'Job', 'Secret'].includes(kind))).toEqual([]);
  });
});
