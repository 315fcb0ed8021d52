/**
 * The log of decisions as a ConfigMap of the campaign, one JSON object a line and tier, and beside it the curves of the last
 * ten minutes.
 *
 * It carries no `managed-by` label: the operator watches what does, and would be woken by its own writes.
 */

import { z } from 'zod';
import type { VoucherCampaign } from '../../contract/campaign-types.ts';
import { decisionsName, FIELD_MANAGER, LABELS } from '../../contract/names.ts';
import { perTier } from '../../contract/tiers.ts';
import type { DecisionStore } from '../history/decision-store.ts';
import { ownedMetadata } from '../resources/metadata.ts';
import type { KubeClient } from './client.ts';
import { isKubeError } from './errors.ts';
import { ForeignObjectError } from './manifests.ts';
import { parseObject } from './objects.ts';
import { controllerUidOf } from './owned-objects.ts';
import { CONFIG_MAPS, describeTarget } from './resources.ts';

const dataSchema = z.object({
  ...perTier(() => z.string().default('')),
  recent: z.string().default(''),
});

const targetOf = ({ metadata: { name, namespace } }: Pick<VoucherCampaign, 'metadata'>) => ({
  resource: CONFIG_MAPS,
  namespace,
  name: decisionsName(name),
});

/**
 * The log of a campaign; undefined when there is none.
 * @throws KubeError; ForeignObjectError when the ConfigMap of that name is not the campaign's
 */
export const readDecisions = async (
  client: KubeClient,
  campaign: Pick<VoucherCampaign, 'metadata'>,
  signal: AbortSignal,
): ReturnType<DecisionStore['read']> => {
  const target = targetOf(campaign);
  try {
    const found = parseObject(await client.call({ ...target, verb: 'get' }, signal));
    if (controllerUidOf(found) !== campaign.metadata.uid) {
      throw new ForeignObjectError(
        `${describeTarget(target)} belongs to somebody else, so decisions are not kept: its owner may give it another name`,
      );
    }
    return dataSchema.parse(found['data'] ?? {});
  } catch (error) {
    if (isKubeError(error, 'not_found')) return undefined;
    throw error;
  }
};

export const createDecisionStore = (client: KubeClient): DecisionStore => ({
  read: (campaign, signal) => readDecisions(client, campaign, signal),
  async write(campaign, texts, signal) {
    const target = targetOf(campaign);
    const { labels = {}, ...metadata } = ownedMetadata(campaign, target.name);
    const { [LABELS.managedBy]: _unwatched, ...others } = labels;
    const body = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { ...metadata, labels: others },
      data: texts,
    };
    await client.call(
      { ...target, verb: 'apply', query: { fieldManager: FIELD_MANAGER, force: 'true' }, body, isOnce: true },
      signal,
    );
  },
});
