import { describe, expect, it } from '@jest/globals';
import { ADMIN_PATHS, ENV, PORTS } from '../../../contract/app-contract.ts';
import { LABELS } from '../../../contract/names.ts';
import type { PodOptions } from '../../../operator/resources/build-options.ts';
import { buildAppConfigMap } from '../../../operator/resources/config-map.ts';
import { buildDeployment, withReplicas } from '../../../operator/resources/deployment.ts';
import { buildHeadroom, buildHeadroomPolicy } from '../../../operator/resources/headroom.ts';
import { buildNetworkPolicy } from '../../../operator/resources/network-policy.ts';
import {
  buildPodTemplate,
  PRE_STOP_SLEEP_SECONDS,
  TERMINATION_GRACE_SECONDS,
} from '../../../operator/resources/pod.ts';
import { buildPodDisruptionBudget } from '../../../operator/resources/pod-disruption-budget.ts';
import { buildService } from '../../../operator/resources/service.ts';
import { buildServiceAccount } from '../../../operator/resources/service-account.ts';
import { aCampaign, TRAFFIC, VERIFICATION } from '../../helpers/a-campaign.ts';
import { buildOptions as options } from '../../helpers/build-options.ts';

const campaign = aCampaign();
const podOf = (tier: 'intake' | 'records', of = campaign) => {
  const spec = buildDeployment(of, tier, options).spec?.template.spec;
  const container = spec?.containers[0];
  if (spec === undefined || container === undefined) throw new Error('the Deployment has no container');
  return { spec, container };
};

describe('the Deployment of placeholders', () => {
  const headroom = buildHeadroom(campaign, 'headroom', options);
  const pod = headroom.spec?.template;

  it('asks for what an intake pod asks for, and makes way at once', () => {
    expect(pod?.spec?.containers[0]?.resources).toEqual(podOf('intake').container.resources);
    expect(pod?.spec).toMatchObject({ priorityClassName: 'headroom', terminationGracePeriodSeconds: 0 });
  });

  it('is watched, and its pods are not: they are no capacity', () => {
    expect(headroom.metadata?.labels).toHaveProperty([LABELS.managedBy]);
    expect(pod?.metadata?.labels).not.toHaveProperty([LABELS.managedBy]);
    expect(pod?.metadata?.labels).toMatchObject(headroom.spec?.selector.matchLabels ?? {});
    expect(headroom.spec).not.toHaveProperty('replicas');
  });

  it('may be called by nobody and call nobody', () => {
    expect(buildHeadroomPolicy(campaign).spec).toEqual({
      podSelector: { matchLabels: headroom.spec?.selector.matchLabels },
      policyTypes: ['Ingress', 'Egress'],
    });
  });
});

describe('the Deployment of a tier', () => {
  it('runs the role of its tier from the configured image', () => {
    const { container } = podOf('records');
    expect(container.image).toBe('voucher-app@sha256:abc');
    expect(container.args).toEqual(['records']);
    expect(container.env).toContainEqual({ name: ENV.role, value: 'records' });
    expect(container.env).toContainEqual({
      name: ENV.podName,
      valueFrom: { fieldRef: { fieldPath: 'metadata.name' } },
    });
  });

  it('never carries replicas for an apply, and carries them when it is created', () => {
    const deployment = buildDeployment(campaign, 'intake', options);
    expect(deployment.spec).not.toHaveProperty('replicas');
    expect(withReplicas(deployment, 7).spec?.replicas).toBe(7);
    expect(deployment.spec).not.toHaveProperty('replicas');
  });

  it('selects its own pods and no other tier’s', () => {
    const intake = buildDeployment(campaign, 'intake', options).spec;
    const records = buildDeployment(campaign, 'records', options).spec;
    expect(intake?.template.metadata?.labels).toMatchObject(intake?.selector.matchLabels ?? {});
    expect(intake?.selector.matchLabels).not.toEqual(records?.selector.matchLabels);
  });

  it('loses no capacity in a rollout', () => {
    const { spec } = buildDeployment(campaign, 'intake', options);
    expect(spec?.strategy).toEqual({ type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: '25%' } });
    expect(spec?.minReadySeconds).toBe(0);
  });

  it('is the same pod whatever may change after opening', () => {
    const later = aCampaign({
      metadata: { generation: 9 },
      spec: {
        title: { 'zh-CN': '改', en: 'changed' },
        window: { opensAt: '2020-09-25T10:00:00+08:00', closesAt: '2020-09-26T18:00:00+08:00' },
        traffic: { ...TRAFFIC, admissionPerSecond: 1, burstSeconds: 9 },
      },
      scaling: { drainWithin: '5s', mode: 'Shadow' },
    });
    expect(buildDeployment(later, 'intake', options)).toEqual(buildDeployment(campaign, 'intake', options));
    expect(buildAppConfigMap(later, ['intake', 'records'], options)).toEqual(
      buildAppConfigMap(campaign, ['intake', 'records'], options),
    );
  });

  it('is restricted as the Pod Security Standard demands, and holds no token', () => {
    const { spec, container } = podOf('intake');
    expect(spec.automountServiceAccountToken).toBe(false);
    expect(spec.securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } });
    expect(container.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
  });

  it('mounts configuration and both Secrets, all read-only', () => {
    const { spec, container } = podOf('intake');
    expect(container.volumeMounts?.map(({ mountPath, readOnly }) => [mountPath, readOnly])).toEqual([
      ['/etc/voucher/config', true],
      ['/etc/voucher/privacy', true],
      ['/etc/voucher/data-plane', true],
    ]);
    expect(spec.volumes?.map(({ configMap, secret }) => configMap?.name ?? secret?.secretName)).toEqual([
      'chengdu-app',
      'voucher-privacy',
      'voucher-data-plane-intake',
    ]);
  });

  it('mounts no key of citizens where none is needed, and no account of another tier', () => {
    const { spec, container } = podOf('records');
    expect(spec.volumes?.map(({ configMap, secret }) => configMap?.name ?? secret?.secretName)).toEqual([
      'chengdu-app',
      'voucher-data-plane-records',
    ]);
    expect(container.env?.map(({ name }) => name)).not.toContain(ENV.privacyDir);
  });

  it('is probed on the admin port only, and not killed for being busy', () => {
    const { container } = podOf('intake');
    expect(container.startupProbe?.httpGet).toEqual({ path: ADMIN_PATHS.live, port: 'admin' });
    expect(container.readinessProbe?.httpGet).toEqual({ path: ADMIN_PATHS.ready, port: 'admin' });
    expect(container.livenessProbe?.httpGet).toEqual({ path: ADMIN_PATHS.live, port: 'admin' });
    const { periodSeconds = 0, failureThreshold = 0 } = container.livenessProbe ?? {};
    expect(periodSeconds * failureThreshold).toBeGreaterThanOrEqual(60);
  });

  it('has time to leave the load balancer before it drains', () => {
    const { spec, container } = podOf('intake');
    expect(container.lifecycle?.preStop).toEqual({ sleep: { seconds: PRE_STOP_SLEEP_SECONDS } });
    expect(spec.terminationGracePeriodSeconds).toBe(TERMINATION_GRACE_SECONDS);
    expect(TERMINATION_GRACE_SECONDS).toBeGreaterThan(PRE_STOP_SLEEP_SECONDS + 3);
  });

  it('spreads over zones and nodes without ever waiting for a place', () => {
    expect(podOf('intake').spec.topologySpreadConstraints).toEqual([
      expect.objectContaining({ topologyKey: 'topology.kubernetes.io/zone', whenUnsatisfiable: 'ScheduleAnyway' }),
      expect.objectContaining({ topologyKey: 'kubernetes.io/hostname', whenUnsatisfiable: 'ScheduleAnyway' }),
    ]);
  });

  it('opens the citizens’ port in intake only', () => {
    const names = (tier: 'intake' | 'records') => podOf(tier).container.ports?.map(({ name }) => name);
    expect(names('intake')).toEqual(['http', 'admin']);
    expect(names('records')).toEqual(['admin']);
    expect(podOf('intake').container.env).toContainEqual({ name: ENV.portHttp, value: String(PORTS.http) });
  });

  it('has a memory limit and no CPU limit', () => {
    expect(Object.keys(podOf('intake').container.resources?.limits ?? {})).toEqual(['memory']);
  });
});

describe('the other objects', () => {
  const all = [
    buildDeployment(campaign, 'intake', options),
    buildService(campaign, 'intake'),
    buildAppConfigMap(campaign, ['intake', 'records'], options),
    buildPodDisruptionBudget(campaign, 'intake'),
    buildServiceAccount(campaign, 'intake'),
  ];

  it.each(all.map((manifest) => [manifest.kind, manifest] as const))('%s belongs to its campaign', (_, manifest) => {
    expect(manifest.metadata?.ownerReferences).toEqual([
      expect.objectContaining({ kind: 'VoucherCampaign', name: 'chengdu', uid: 'uid-1', controller: true }),
    ]);
    expect(manifest.metadata?.labels).toMatchObject({
      [LABELS.managedBy]: 'voucher-operator',
      [LABELS.campaignId]: 'chengdu-2020-3',
    });
    expect(manifest.metadata?.annotations).toBeUndefined();
  });

  it('refer to no owner while the campaign has no uid', () => {
    const { uid: _, ...metadata } = campaign.metadata;
    expect(buildService({ ...campaign, metadata }, 'intake').metadata).not.toHaveProperty('ownerReferences');
  });

  it('give the pods what never changes, as config.json', () => {
    const config = buildAppConfigMap(campaign, ['intake', 'records'], options).data?.['config.json'] ?? '';
    expect(JSON.parse(config)).toEqual({
      v: 1,
      campaignId: 'chengdu-2020-3',
      namespace: 'vouchers',
      campaignName: 'chengdu',
      site: 'default',
      shards: 3,
      journalReplicas: 3,
      tiers: ['intake', 'records'],
    });
  });

  it('lead citizens to the http port of intake pods', () => {
    const { spec } = buildService(campaign, 'intake');
    expect(spec?.selector).toEqual(buildDeployment(campaign, 'intake', options).spec?.selector.matchLabels);
    expect(spec?.ports).toEqual([expect.objectContaining({ port: 80, targetPort: 'http' })]);
  });

  it('let a node be drained one pod at a time, broken pods first', () => {
    expect(buildPodDisruptionBudget(campaign, 'records').spec).toMatchObject({
      maxUnavailable: 1,
      unhealthyPodEvictionPolicy: 'AlwaysAllow',
    });
  });
});

describe('what the installation says about pods', () => {
  const soon = (taint: string) => ({
    key: `node.kubernetes.io/${taint}`,
    operator: 'Exists',
    effect: 'NoExecute',
    tolerationSeconds: 30,
  });
  const specOf = (pods: PodOptions) => buildPodTemplate(campaign, 'intake', { ...options, pods }).spec;

  it('is in every pod', () => {
    const toleration = { key: 'dedicated', operator: 'Exists', effect: 'NoSchedule' };
    expect(
      specOf({
        imagePullPolicy: 'Never',
        imagePullSecrets: ['registry'],
        nodeSelector: { pool: 'vouchers' },
        tolerations: [toleration],
        priorityClassName: 'citizens',
        resources: { intake: { requests: { cpu: '1' } }, records: { requests: { cpu: '2' } } },
      }),
    ).toMatchObject({
      imagePullSecrets: [{ name: 'registry' }],
      nodeSelector: { pool: 'vouchers' },
      tolerations: [toleration, soon('not-ready'), soon('unreachable')],
      priorityClassName: 'citizens',
      containers: [{ imagePullPolicy: 'Never', resources: { requests: { cpu: '1' } } }],
    });
  });

  it.each<[string, PodOptions['tolerations'], readonly object[]]>([
    ['nothing', [], [soon('not-ready'), soon('unreachable')]],
    [
      'its own time for one of them',
      [{ key: 'node.kubernetes.io/unreachable', operator: 'Exists', tolerationSeconds: 5 }],
      [{ key: 'node.kubernetes.io/unreachable', operator: 'Exists', tolerationSeconds: 5 }, soon('not-ready')],
    ],
    ['everything, for ever', [{ operator: 'Exists' }], [{ operator: 'Exists' }]],
    [
      'another effect of that taint',
      [{ key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoSchedule' }],
      [
        { key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoSchedule' },
        soon('not-ready'),
        soon('unreachable'),
      ],
    ],
  ])('leaves a node that does not answer soon where it tolerates %s', (_, tolerations, want) => {
    expect(specOf({ tolerations })?.tolerations).toEqual(want);
    expect(specOf({ tolerations: [], nodeLostTolerationSeconds: 7 })?.tolerations).toEqual([
      { ...soon('not-ready'), tolerationSeconds: 7 },
      { ...soon('unreachable'), tolerationSeconds: 7 },
    ]);
  });

  it('leaves out what it does not say', () => {
    expect(Object.keys(specOf({ imagePullSecrets: [], nodeSelector: {}, tolerations: [] }) ?? {})).toEqual(
      Object.keys(specOf({}) ?? {}),
    );
  });
});

describe('the NetworkPolicy of a tier', () => {
  it('lets citizens reach the intake from anywhere, and metrics be read within the cluster only', () => {
    const { metadata, spec } = buildNetworkPolicy(campaign, 'intake', options);
    expect(metadata?.name).toBe('chengdu-intake');
    expect(spec?.podSelector.matchLabels).toEqual(
      buildDeployment(campaign, 'intake', options).spec?.selector.matchLabels,
    );
    expect(spec?.policyTypes).toEqual(['Ingress']);
    expect(spec?.ingress).toEqual([
      { ports: [{ port: 'http', protocol: 'TCP' }] },
      { from: [{ namespaceSelector: {} }], ports: [{ port: 'admin', protocol: 'TCP' }] },
    ]);
  });

  it('lets nobody reach records but for metrics', () => {
    const ports = buildNetworkPolicy(campaign, 'records', options).spec?.ingress?.flatMap((rule) => rule.ports ?? []);
    expect(ports?.map(({ port }) => port)).toEqual(['admin']);
  });

  it('lets the API server reach verification, for reviewers: from its peers, or from anywhere', () => {
    const admin = [{ port: 'admin', protocol: 'TCP' }];
    const peers = [{ ipBlock: { cidr: '10.0.0.10/32' } }];
    const ingress = (pods: object) => buildNetworkPolicy(campaign, 'verification', { ...options, pods }).spec?.ingress;
    const within = { from: [{ namespaceSelector: {} }], ports: admin };
    expect(ingress({})).toEqual([within, { ports: admin }]);
    expect(ingress({ apiServerPeers: peers })).toEqual([within, { from: peers, ports: admin }]);
  });

  const to = (port: number) => ({ ports: [{ port, protocol: 'TCP' as const }] });
  const within = (...campaigns: readonly string[]) => ({
    ...options,
    pods: { egress: { campaigns, names: [to(53)], journal: [to(4222)], database: [to(5432)] } },
  });
  const called = (tier: 'intake' | 'records', of = within(campaign.spec.campaignId)) =>
    buildNetworkPolicy(campaign, tier, of).spec?.egress?.map(({ ports }) => ports?.[0]?.port);

  it('lets its pods call the data plane, and the intake its own Service', () => {
    expect(buildNetworkPolicy(campaign, 'intake', within(campaign.spec.campaignId)).spec?.policyTypes).toEqual([
      'Ingress',
      'Egress',
    ]);
    expect(called('intake')).toEqual([53, 4222, 5432, PORTS.http]);
    expect(called('records')).toEqual([53, 4222, 5432]);
  });

  it('lets its pods call the collector of traces, if there is one: tiers only', () => {
    const tracing = { endpoint: 'http://collector.example:4318', ratio: 0.01 };
    const { egress } = within(campaign.spec.campaignId).pods;
    const traced = { ...options, pods: { egress, tracing } };
    expect(called('intake', traced)).toEqual([53, 4222, 5432, PORTS.http, 4318]);
    expect(
      buildNetworkPolicy(campaign, 'draw', traced).spec?.egress?.map(({ ports }) => ports?.[0]?.port),
    ).not.toContain(4318);
  });

  it('lets verification call its providers: ports outside the cluster, and pods of a namespace inside', () => {
    const [tencent] = VERIFICATION.providers;
    if (tencent === undefined) throw new Error('no provider');
    const urls = [
      undefined,
      'https://a.example/check',
      'https://a.example:8443',
      'http://b.example',
      'http://check.health.svc.cluster.local:8080/x',
      'http://check.health.svc',
      'http://check',
      'https://check.health',
      'http://',
    ];
    const providers = urls.map((url, index) => ({
      ...tencent,
      name: `p${index}`,
      ...(url === undefined ? {} : { url }),
    }));
    const verifying = aCampaign({ spec: { verification: { ...VERIFICATION, providers } } });
    const { spec } = buildNetworkPolicy(verifying, 'verification', within(verifying.spec.campaignId));
    const inside = (namespace: string) => ({
      to: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } } }],
    });
    expect(spec?.egress).toEqual([
      ...[to(53), to(4222)],
      ...[to(443), to(8443), to(80)],
      ...[inside('health'), inside('vouchers')],
    ]);
  });

  it('leaves open what pods call where the data plane is another’s', () => {
    expect(called('intake', within('another'))).toBeUndefined();
  });
});
