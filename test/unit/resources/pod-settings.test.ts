/** What the installation says about pods reaches every pod that the operator makes; settings.test.ts has the chart's. */
import { describe, expect, it } from '@jest/globals';
import { HEADROOM, LABELS } from '../../../contract/names.ts';
import { MAX_CAMPAIGN_NAME_LENGTH } from '../../../contract/schema/common.ts';
import { TIERS } from '../../../contract/tiers.ts';
import type { PodOptions } from '../../../operator/resources/build-options.ts';
import { buildDeployment } from '../../../operator/resources/deployment.ts';
import { buildHeadroom } from '../../../operator/resources/headroom.ts';
import { tierSelector } from '../../../operator/resources/metadata.ts';
import { buildPodTemplate } from '../../../operator/resources/pod.ts';
import { aCampaign } from '../../helpers/a-campaign.ts';
import { buildOptions as options } from '../../helpers/build-options.ts';

const campaign = aCampaign();

describe('what the installation says about pods', () => {
  it('leaves out what it does not say', () => {
    const nothing: PodOptions = {
      imagePullSecrets: [],
      imagePullSecretsByNamespace: {},
      nodeSelector: {},
      affinity: {},
      tolerations: [],
      topologySpreadConstraints: [],
      labels: {},
      annotations: {},
    };
    expect(buildPodTemplate(campaign, 'intake', { ...options, pods: nothing })).toEqual(
      buildPodTemplate(campaign, 'intake', options),
    );
  });

  it('names the collector of traces in the environment of tiers, and in none without one', () => {
    const of = (pods: PodOptions): readonly unknown[] =>
      (buildPodTemplate(campaign, 'intake', { ...options, pods }).spec?.containers[0]?.env ?? []).filter(({ name }) =>
        name.startsWith('VOUCHER_TRACING'),
      );
    expect(of({ tracing: { endpoint: 'http://collector:4318', ratio: 0.05 } })).toEqual([
      { name: 'VOUCHER_TRACING_ENDPOINT', value: 'http://collector:4318' },
      { name: 'VOUCHER_TRACING_RATIO', value: '0.05' },
    ]);
    expect(of({})).toEqual([]);
  });

  const everything: PodOptions = {
    imagePullPolicy: 'Always',
    imagePullSecrets: ['registry'],
    nodeSelector: { pool: 'vouchers' },
    affinity: { nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [] } },
    tolerations: [{ key: 'dedicated', operator: 'Exists', effect: 'NoSchedule' }],
    topologySpreadConstraints: [{ topologyKey: 'rack', maxSkew: 2, whenUnsatisfiable: 'DoNotSchedule' }],
    labels: { team: 'city', [LABELS.component]: 'hijacked', [LABELS.managedBy]: 'voucher-operator' },
    annotations: { 'sidecar.istio.io/inject': 'false' },
    priorityClassName: 'citizens',
    fixedIds: false,
  };
  /** Every pod that the operator makes. */
  const templates = (pods: PodOptions) => [
    ...TIERS.map((tier) => [tier, buildPodTemplate(campaign, tier, { ...options, pods })] as const),
    [HEADROOM, buildHeadroom(campaign, 'placeholders', { ...options, pods }).spec?.template] as const,
  ];

  it('reaches every pod that the operator makes, placeholders too', () => {
    for (const [component, template] of templates(everything)) {
      const { metadata, spec } = template ?? {};
      expect([component, spec]).toEqual([
        component,
        expect.objectContaining({
          imagePullSecrets: [{ name: 'registry' }],
          nodeSelector: everything.nodeSelector,
          affinity: everything.affinity,
          priorityClassName: component === HEADROOM ? 'placeholders' : 'citizens',
          securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
        }),
      ]);
      expect([component, spec?.tolerations]).toEqual([
        component,
        expect.arrayContaining([...(everything.tolerations ?? [])]),
      ]);
      expect([component, metadata?.annotations]).toEqual([component, everything.annotations]);
      expect([component, metadata?.labels]).toEqual([
        component,
        expect.objectContaining({ team: 'city', [LABELS.component]: component }),
      ]);
      expect([component, spec?.topologySpreadConstraints]).toEqual([
        component,
        [
          {
            topologyKey: 'rack',
            maxSkew: 2,
            whenUnsatisfiable: 'DoNotSchedule',
            labelSelector: { matchLabels: tierSelector(campaign, component) },
          },
        ],
      ]);
      for (const container of spec?.containers ?? []) {
        expect([component, container.imagePullPolicy]).toEqual([component, 'Always']);
      }
    }
  });

  it('makes placeholders nothing that the operator counts, whatever labels it adds', () => {
    const headroom = templates(everything).find(([component]) => component === HEADROOM)?.[1];
    expect(Object.keys(headroom?.metadata?.labels ?? {})).not.toContain(LABELS.managedBy);
  });

  it('has the pull secrets of a campaign’s own namespace win, and none of another one’s', () => {
    const byNamespace = (names: Readonly<Record<string, readonly string[]>>) =>
      templates({ imagePullSecrets: ['registry'], imagePullSecretsByNamespace: names }).map(
        ([, template]) => template?.spec?.imagePullSecrets?.map(({ name }) => name) ?? [],
      );
    const { namespace } = campaign.metadata;
    for (const names of byNamespace({ [namespace]: ['own'] })) expect(names).toEqual(['own']);
    for (const names of byNamespace({ [namespace]: [] })) expect(names).toEqual([]);
    for (const names of byNamespace({ elsewhere: ['own'] })) expect(names).toEqual(['registry']);
  });

  it('gives every label a value that the API server takes, for the longest names that there are', () => {
    const longest = aCampaign({
      metadata: { name: 'c'.repeat(MAX_CAMPAIGN_NAME_LENGTH) },
      spec: { campaignId: 'i'.repeat(40) },
    });
    const plus = { ...options, image: 'registry.example.cn/voucher:0.1.0_9f3c2a1' };
    for (const tier of TIERS) {
      const { metadata, spec } = buildDeployment(longest, tier, plus);
      expect(metadata?.name).toMatch(/^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/);
      const values = [metadata?.labels, spec?.selector.matchLabels, spec?.template.metadata?.labels].flatMap((labels) =>
        Object.values(labels ?? {}),
      );
      for (const value of values) expect(value).toMatch(/^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/);
    }
  });

  it('rolls no pod for what is not in it: the same image is the same template, whatever the operator’s version', () => {
    for (const [component, template] of templates({})) {
      expect([component, JSON.stringify(template).includes('version')]).toEqual([component, false]);
    }
  });
});
