/** What the values say about pods reaches every pod that the chart makes, and what they say of campaigns' the operator. */
import { describe, expect, it } from '@jest/globals';
import { readOperatorConfig } from '../../operator/config.ts';
import { containersOf, podsOf, type RenderedPod } from './pods.ts';
import { EXTERNAL, type Manifest, render, WITH_CAMPAIGNS } from './render.ts';

const SETTINGS = {
  nodeSelector: { pool: 'vouchers' },
  affinity: {
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: [{ matchExpressions: [{ key: 'disk', operator: 'In', values: ['ssd'] }] }],
      },
    },
  },
  tolerations: [{ key: 'dedicated', operator: 'Exists', effect: 'NoSchedule' }],
  priorityClassName: 'citizens',
  podAnnotations: { 'sidecar.istio.io/inject': 'false' },
  podLabels: { team: 'platform', 'app.kubernetes.io/component': 'hijacked' },
};
const CONSTRAINT = { topologyKey: 'rack', maxSkew: 2, whenUnsatisfiable: 'DoNotSchedule' };
const SPREAD = [CONSTRAINT];
const LONG_LIVED = { ...SETTINGS, topologySpreadConstraints: SPREAD };
const LIMITED = { requests: { cpu: '11m', memory: '64Mi' }, limits: { cpu: '77m', memory: '300Mi' } };

const embedded = {
  ...WITH_CAMPAIGNS.dataPlane.embedded,
  ...LONG_LIVED,
  nats: { resources: LIMITED, accountsResources: LIMITED },
  postgres: { resources: LIMITED, probeResources: LIMITED },
};
const ALL = {
  imagePullSecrets: ['pull'],
  operator: { ...LONG_LIVED, resources: LIMITED },
  setup: { ...SETTINGS, resources: LIMITED },
  app: { ...LONG_LIVED, imagePullSecrets: ['theirs'], imagePullSecretsByNamespace: { other: [] } },
  dataPlane: { embedded },
};
/** What tolerations alone a team sets whose nodes are all tainted. */
const TOLERANT = { tolerations: SETTINGS.tolerations };

const EMBEDDED_PODS = [
  'Deployment vo',
  'Pod vo-setup-databases',
  'Pod vo-setup-databases-before',
  'Pod vo-setup-secrets',
  'Pod vo-test',
  'StatefulSet vo-nats',
  'StatefulSet vo-postgres',
];
const isHook = ({ name }: RenderedPod): boolean => name.startsWith('Pod ');
const componentOf = ({ metadata }: RenderedPod): string | undefined => metadata.labels?.['app.kubernetes.io/component'];

describe('every setting of pods, with the embedded data plane', () => {
  it('reaches every pod of the chart, hooks and tests too', async () => {
    const pods = podsOf(await render(ALL));
    expect(pods.map(({ name }) => name).toSorted()).toEqual(EMBEDDED_PODS);
    for (const pod of pods) {
      const { name, metadata, spec } = pod;
      const { nodeSelector, tolerations, priorityClassName, imagePullSecrets, affinity } = spec;
      expect([name, { nodeSelector, tolerations, priorityClassName, imagePullSecrets }]).toEqual([
        name,
        {
          nodeSelector: SETTINGS.nodeSelector,
          tolerations: SETTINGS.tolerations,
          priorityClassName: 'citizens',
          imagePullSecrets: [{ name: 'pull' }],
        },
      ]);
      expect([name, affinity?.nodeAffinity]).toEqual([name, SETTINGS.affinity.nodeAffinity]);
      expect([name, metadata.annotations]).toEqual([name, expect.objectContaining(SETTINGS.podAnnotations)]);
      expect([name, metadata.labels?.['team']]).toEqual([name, 'platform']);
      expect([name, componentOf(pod)]).toEqual([name, expect.stringMatching(/^(operator|setup|test|nats|postgres)$/)]);
      for (const container of containersOf(spec)) {
        expect([name, container.name, container.resources]).toEqual([name, container.name, LIMITED]);
      }
    }
  });

  it('spreads what lives for long, by its own labels', async () => {
    for (const pod of podsOf(await render(ALL)).filter((one) => !isHook(one))) {
      const [constraint, ...others] = pod.spec.topologySpreadConstraints ?? [];
      expect([pod.name, constraint, others]).toEqual([pod.name, expect.objectContaining(CONSTRAINT), []]);
      expect(constraint?.labelSelector?.matchLabels?.['app.kubernetes.io/component']).toBe(componentOf(pod));
    }
  });

  it('keeps the journal’s servers apart beside an affinity of another kind, and not beside one of its own', async () => {
    const apart = async (affinity: object) => {
      const nats = podsOf(await render({ dataPlane: { embedded: { affinity } } })).find(
        ({ name }) => name === 'StatefulSet vo-nats',
      );
      return nats?.spec.affinity?.podAntiAffinity;
    };
    expect((await apart(SETTINGS.affinity))?.preferredDuringSchedulingIgnoredDuringExecution).toHaveLength(2);
    expect(await apart({ podAntiAffinity: {} })).toEqual({});
  });

  it('reaches hooks and tests from the operator’s, where the values say nothing of theirs', async () => {
    const hooks = podsOf(await render({ operator: { ...LONG_LIVED }, dataPlane: { embedded: TOLERANT } })).filter(
      isHook,
    );
    expect(hooks).toHaveLength(4);
    for (const { name, metadata, spec } of hooks) {
      expect([name, spec]).toEqual([name, expect.objectContaining({ ...TOLERANT, priorityClassName: 'citizens' })]);
      expect([name, metadata.annotations]).toEqual([name, expect.objectContaining(SETTINGS.podAnnotations)]);
    }
  });

  it('reaches the test of an installation with an external data plane', async () => {
    const pods = podsOf(await render({ ...EXTERNAL, operator: TOLERANT }));
    expect(pods.map(({ name, spec }) => [name, spec.tolerations])).toEqual([
      ['Deployment vo', TOLERANT.tolerations],
      ['Pod vo-test', TOLERANT.tolerations],
    ]);
  });

  it('leaves users and groups to the platform where it is asked to', async () => {
    for (const { name, spec } of podsOf(await render({ ...ALL, podSecurity: { fixedIds: false } }))) {
      expect([name, spec.securityContext]).toEqual([
        name,
        { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
      ]);
    }
  });
});

describe('what the values say of campaigns’ pods', () => {
  const told = (manifests: readonly Manifest[]) => {
    const operator = podsOf(manifests).find(({ name }) => name === 'Deployment vo')?.spec.containers[0];
    const env = Object.fromEntries((operator?.env ?? []).map(({ name, value = '' }) => [name, value]));
    return readOperatorConfig([], { ...env, POD_NAME: 'vo-0', POD_NAMESPACE: 'voucher-system' }).build.pods;
  };

  it('is what the operator understands', async () => {
    expect(told(await render({ ...ALL, podSecurity: { fixedIds: false } }))).toMatchObject({
      nodeSelector: SETTINGS.nodeSelector,
      affinity: SETTINGS.affinity,
      tolerations: SETTINGS.tolerations,
      topologySpreadConstraints: SPREAD,
      priorityClassName: 'citizens',
      annotations: SETTINGS.podAnnotations,
      labels: SETTINGS.podLabels,
      fixedIds: false,
    });
  });

  it('has pull secrets of its own: those of the release’s namespace are not in theirs', async () => {
    expect(told(await render({ imagePullSecrets: ['pull'] }))?.imagePullSecrets).toEqual([]);
    expect(told(await render(ALL))).toMatchObject({
      imagePullSecrets: ['theirs'],
      imagePullSecretsByNamespace: { other: [] },
    });
  });
});

describe('without settings', () => {
  it('every container states requests, and hooks limits that a ResourceQuota on limits.cpu asks for', async () => {
    for (const { name, spec } of podsOf(await render(WITH_CAMPAIGNS))) {
      for (const { name: container, resources } of containersOf(spec)) {
        const stated = [Object.keys(resources?.requests ?? {}), Object.keys(resources?.limits ?? {})];
        const limits =
          name.startsWith('Pod ') || ['accounts', 'probe'].includes(container) ? ['cpu', 'memory'] : ['memory'];
        expect([name, container, ...stated]).toEqual([name, container, ['cpu', 'memory'], limits]);
      }
    }
  });

  it('the journal’s heap follows its limit', async () => {
    const heap = async (limits: object): Promise<string | undefined> => {
      const values = { dataPlane: { embedded: { nats: { resources: { limits } } } } };
      const nats = podsOf(await render(values)).find(({ name }) => name === 'StatefulSet vo-nats');
      return nats?.spec.containers[0]?.env?.find(({ name }) => name === 'GOMEMLIMIT')?.value;
    };
    expect(await heap({})).toBe(`${0.75 * 2 ** 31}B`);
    expect(await heap({ memory: '512Mi' })).toBe(`${0.75 * 2 ** 29}B`);
    expect(await heap({ memory: '1.5G' })).toBe(`${0.75 * 1.5e9}B`);
  });

  it('a hook that fails says why where Helm’s user sees it', async () => {
    for (const { name, metadata, spec } of podsOf(await render(WITH_CAMPAIGNS)).filter(isHook)) {
      expect([name, metadata.annotations?.['helm.sh/hook-output-log-policy']]).toEqual([name, 'hook-failed']);
      expect([name, spec.containers[0]?.terminationMessagePolicy]).toEqual([name, 'FallbackToLogsOnError']);
      // Helm gives a hook five minutes by default.
      expect(spec.activeDeadlineSeconds).toBeLessThan(300);
    }
  });
});
