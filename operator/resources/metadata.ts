/** Labels and owner references of every object of a campaign. */
import type { ObjectMeta as KubernetesMeta } from 'kubernetes-types/meta/v1.js';
import { type Component, FIELD_MANAGER, LABELS } from '../../contract/names.ts';
import type { VoucherCampaign } from '../../contract/types/campaign.ts';

/** The smallest set that identifies one tier's pods: a Deployment's selector can never be changed. */
export const tierSelector = (campaign: VoucherCampaign, tier: Component): Record<string, string> => ({
  [LABELS.campaign]: campaign.metadata.name,
  [LABELS.component]: tier,
});

/** Labels for people and tools; a superset of tierSelector when a tier is given. */
export const campaignLabels = (campaign: VoucherCampaign, tier?: Component): Record<string, string> => ({
  [LABELS.name]: 'voucher-campaign',
  [LABELS.instance]: campaign.metadata.name,
  [LABELS.partOf]: 'voucher-operator',
  [LABELS.managedBy]: FIELD_MANAGER,
  [LABELS.campaignId]: campaign.spec.campaignId,
  [LABELS.campaign]: campaign.metadata.name,
  ...(tier === undefined ? {} : { [LABELS.component]: tier }),
});

/** Labels of pods that are no tier's: without `managed-by`, because the operator watches and counts pods that have it. */
export const unwatchedLabels = (campaign: VoucherCampaign, component: Component): Record<string, string> => {
  const { [LABELS.managedBy]: _watched, ...labels } = campaignLabels(campaign, component);
  return labels;
};

/** Metadata of an owned object. Without a uid (a campaign that was never stored) it has no owner. */
export const ownedMetadata = (campaign: VoucherCampaign, name: string, tier?: Component): KubernetesMeta => ({
  name,
  namespace: campaign.metadata.namespace,
  labels: campaignLabels(campaign, tier),
  ...(campaign.metadata.uid === undefined
    ? {}
    : {
        ownerReferences: [
          {
            apiVersion: campaign.apiVersion,
            kind: campaign.kind,
            name: campaign.metadata.name,
            uid: campaign.metadata.uid,
            controller: true,
            // Foreground deletion of a campaign must wait for its pods to drain.
            blockOwnerDeletion: true,
          },
        ],
      }),
});
