import { describe, expect, it } from '@jest/globals';
import { DATA_PLANE_KEYS, ENV } from '../../../contract/app-contract.ts';
import { JOBS, podOf, rightsOf } from '../../../contract/jobs.ts';
import { dataPlaneSecretName, LABELS } from '../../../contract/names.ts';
import { TIERS } from '../../../contract/tiers.ts';
import { buildJob } from '../../../operator/resources/job.ts';
import { buildNetworkPolicy } from '../../../operator/resources/network-policy.ts';
import { buildPodTemplate } from '../../../operator/resources/pod.ts';
import { aCampaign } from '../../helpers/a-campaign.ts';
import { buildOptions as options } from '../../helpers/build-options.ts';

const campaign = aCampaign();
const job = buildJob(campaign, { job: 'draw' }, options);
const template = job.spec?.template;
const [container] = template?.spec?.containers ?? [];

describe('the Job of the draw', () => {
  it('belongs to its campaign, and is watched', () => {
    expect(job.metadata).toMatchObject({
      name: 'chengdu-draw',
      namespace: campaign.metadata.namespace,
      labels: { [LABELS.component]: 'draw', [LABELS.managedBy]: 'voucher-operator' },
    });
    const withUid = buildJob({ ...campaign, metadata: { ...campaign.metadata, uid: 'u-1' } }, { job: 'draw' }, options);
    expect(withUid.metadata?.ownerReferences).toEqual([expect.objectContaining({ uid: 'u-1', controller: true })]);
  });

  it('has pods that are not watched: they are no tier’s', () => {
    expect(template?.metadata?.labels).not.toHaveProperty([LABELS.managedBy]);
    // Clients of the data plane are known by these labels (charts).
    expect(template?.metadata?.labels).toMatchObject({
      [LABELS.name]: 'voucher-campaign',
      [LABELS.campaignId]: campaign.spec.campaignId,
      [LABELS.component]: 'draw',
    });
  });

  it('ends, and is tried again, but not for what a node does', () => {
    expect(job.spec).toMatchObject({ backoffLimit: 6, activeDeadlineSeconds: 3_600, ttlSecondsAfterFinished: 600 });
    expect(JSON.stringify(job.spec)).toContain('"action":"Ignore","onPodConditions":[{"type":"DisruptionTarget"');
    // The failure policy requires it.
    expect(template?.spec?.restartPolicy).toBe('Never');
  });

  it('runs the role of the same image as a tier, in the same way', () => {
    const tier = buildPodTemplate(campaign, 'records', options).spec;
    const [other] = tier?.containers ?? [];
    expect(container).toMatchObject({ name: 'draw', args: ['draw'], image: other?.image });
    expect(container?.securityContext).toEqual(other?.securityContext);
    expect(template?.spec?.securityContext).toEqual(tier?.securityContext);
    expect(template?.spec?.automountServiceAccountToken).toBe(false);
    expect(template?.spec?.serviceAccountName).toBe('chengdu-draw');
    expect(container?.env).toContainEqual({ name: ENV.role, value: 'draw' });
  });

  it('is asked for nothing: no port, no probe', () => {
    for (const field of ['ports', 'startupProbe', 'readinessProbe', 'livenessProbe', 'lifecycle']) {
      expect(container).not.toHaveProperty(field);
    }
    expect(container?.env?.map(({ name }) => name)).not.toContain(ENV.portAdmin);
    const { spec } = buildNetworkPolicy(campaign, 'draw', options);
    expect(spec).toMatchObject({ policyTypes: expect.arrayContaining(['Ingress']) });
    expect(spec).not.toHaveProperty('ingress');
  });

  it('mounts its own account and the key that its entries need, and nothing else', () => {
    expect(template?.spec?.volumes?.map(({ name, secret }) => [name, secret?.secretName, secret?.items])).toEqual([
      ['config', undefined, undefined],
      // Not the keys that wrap data keys.
      ['privacy', campaign.spec.privacy.keySecretName, [{ key: 'citizen.key', path: 'citizen.key' }]],
      ['data-plane', dataPlaneSecretName(campaign.spec.dataPlane.secretName, 'draw'), undefined],
    ]);
  });

  it('reaches the journal, and not the database', () => {
    const egress = {
      campaigns: [campaign.spec.campaignId],
      names: [],
      journal: [{ to: [] }],
      database: [{ ports: [] }],
    };
    const { spec } = buildNetworkPolicy(campaign, 'draw', { ...options, pods: { egress } });
    expect(spec?.egress).toEqual([{ to: [] }]);
  });

  it('takes sizes that the installation sets', () => {
    const resources = { draw: { requests: { memory: '4Gi' } } };
    const [own] =
      buildJob(campaign, { job: 'draw' }, { ...options, pods: { resources } }).spec?.template.spec?.containers ?? [];
    expect(own?.resources).toEqual(resources.draw);
    expect(container?.resources?.limits).toEqual({ memory: podOf('draw').memoryLimit });
  });
});

describe('the Job of the comparison', () => {
  const compare = buildJob(campaign, { job: 'compare' }, options);
  const [own] = compare.spec?.template.spec?.containers ?? [];

  it('runs as long as its campaign, is watched, and is created again soon after it has ended', () => {
    expect(compare.spec).not.toHaveProperty('activeDeadlineSeconds');
    expect(compare.spec).toMatchObject({ ttlSecondsAfterFinished: 30 });
    expect(compare.spec?.template.metadata?.labels).toMatchObject({ [LABELS.managedBy]: 'voucher-operator' });
  });

  it('has the port of its metrics, for pods of the cluster', () => {
    expect(own?.ports).toEqual([{ name: 'admin', containerPort: 9_090 }]);
    expect(own?.env).toContainEqual({ name: ENV.portAdmin, value: '9090' });
    expect(buildNetworkPolicy(campaign, 'compare', options).spec?.ingress).toMatchObject([
      { ports: [{ port: 'admin' }] },
    ]);
  });

  it('gets no key, and may change nothing', () => {
    expect(rightsOf('compare')).toMatchObject({ publishes: [], privacyKeys: false, secrets: [] });
    expect(rightsOf('compare').decides).toBeUndefined();
    expect(own?.env?.map(({ name }) => name)).not.toContain(ENV.privacyDir);
  });
});

it('no Job has the name of a tier, nor may write into the database', () => {
  for (const name of JOBS) {
    expect(TIERS).not.toContain(name);
    expect(rightsOf(name).database).not.toBe('writes');
  }
  expect(Object.keys(DATA_PLANE_KEYS)).toContain('natsUser');
});
