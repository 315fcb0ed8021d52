import type { Deployment } from 'kubernetes-types/apps/v1.js';
import { tierName } from '../../contract/names.ts';
import type { Tier } from '../../contract/tiers.ts';
import type { VoucherCampaign } from '../../contract/types/campaign.ts';
import type { BuildOptions } from './build-options.ts';
import type { Manifest } from './manifest.ts';
import { ownedMetadata, tierSelector } from './metadata.ts';
import { buildPodTemplate } from './pod.ts';

/** For server-side apply: without `replicas`, which an apply that owned the field and drops it resets to 1 (tried). */
export const buildDeployment = (campaign: VoucherCampaign, tier: Tier, options: BuildOptions): Deployment => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: ownedMetadata(campaign, tierName(campaign.metadata.name, tier), tier),
  spec: {
    selector: { matchLabels: tierSelector(campaign, tier) },
    // A pod that is ready serves at once; waiting longer would only delay capacity.
    minReadySeconds: 0,
    revisionHistoryLimit: 3,
    strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: '25%' } },
    template: buildPodTemplate(campaign, tier, options),
  },
});

/** The Deployment as it is first created, by POST: the only manifest with `replicas`. */
export const withReplicas = (deployment: Deployment, replicas: number): Deployment => {
  if (deployment.spec === undefined) throw new Error(`Deployment ${deployment.metadata?.name} has no spec`);
  return { ...deployment, spec: { ...deployment.spec, replicas } };
};

export const isDeployment = (manifest: Manifest): manifest is Deployment => manifest.kind === 'Deployment';
