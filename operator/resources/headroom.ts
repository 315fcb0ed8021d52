/**
 * Room on nodes for intake pods to come: placeholder pods of the same size and of a priority below all others. The scheduler
 * evicts them for a pod that serves; without a place they make a node autoscaler add a node, before a citizen has to wait
 * for it. They run the app's image, so that a new node has it.
 */
import type { Deployment } from 'kubernetes-types/apps/v1.js';
import type { NetworkPolicy } from 'kubernetes-types/networking/v1.js';
import { HEADROOM, headroomName } from '../../contract/names.ts';
import type { VoucherCampaign } from '../../contract/types/campaign.ts';
import type { BuildOptions } from './build-options.ts';
import { ownedMetadata, tierSelector, unwatchedLabels } from './metadata.ts';
import {
  CONTAINER_SECURITY,
  placementOf,
  podMetadataOf,
  podSecurityOf,
  pullSecretsOf,
  resourcesOf,
  spreadOf,
} from './pod.ts';

/** Waits for ever. */
const IDLE = ['/usr/local/bin/node', '--max-old-space-size=16', '--eval', 'setInterval(() => {}, 2 ** 31 - 1)'];

/** For server-side apply: without `replicas`, as the tiers' Deployments (deployment.ts). */
export const buildHeadroom = (
  campaign: VoucherCampaign,
  priorityClassName: string,
  options: BuildOptions,
): Deployment => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: ownedMetadata(campaign, headroomName(campaign.metadata.name), HEADROOM),
  spec: {
    selector: { matchLabels: tierSelector(campaign, HEADROOM) },
    revisionHistoryLimit: 1,
    // A rolling update would need the room twice, and so more nodes.
    strategy: { type: 'Recreate' },
    template: {
      metadata: podMetadataOf(unwatchedLabels(campaign, HEADROOM), options.pods ?? {}),
      spec: {
        automountServiceAccountToken: false,
        enableServiceLinks: false,
        // The evicting pod must not wait.
        terminationGracePeriodSeconds: 0,
        ...pullSecretsOf(campaign, options.pods ?? {}),
        ...placementOf({ ...options.pods, priorityClassName }),
        securityContext: podSecurityOf(options.pods ?? {}),
        topologySpreadConstraints: spreadOf(campaign, HEADROOM, options.pods ?? {}),
        containers: [
          {
            name: HEADROOM,
            image: options.image,
            ...(options.pods?.imagePullPolicy === undefined ? {} : { imagePullPolicy: options.pods.imagePullPolicy }),
            command: IDLE,
            resources: resourcesOf('intake', options),
            securityContext: CONTAINER_SECURITY,
          },
        ],
      },
    },
  },
});

/** They need no connections. */
export const buildHeadroomPolicy = (campaign: VoucherCampaign): NetworkPolicy => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: ownedMetadata(campaign, headroomName(campaign.metadata.name), HEADROOM),
  spec: { podSelector: { matchLabels: tierSelector(campaign, HEADROOM) }, policyTypes: ['Ingress', 'Egress'] },
});
