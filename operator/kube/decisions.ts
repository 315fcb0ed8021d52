/**
 * The log of decisions as a ConfigMap of the campaign, one JSON object a line and tier, with the curves of the last ten
 * minutes. It has no `managed-by` label: the operator watches objects with it, and its own writes would cause ticks.
 */
import { z } from 'zod';
import { decisionsName, FIELD_MANAGER, LABELS } from '../../contract/names.ts';
import { perTier } from '../../contract/tiers.ts';
import type { VoucherCampaign } from '../../contract/types/campaign.ts';
import type { DecisionStore } from '../history/decision-keeper.ts';
import { ownedMetadata } from '../resources/metadata.ts';
import { CONFIG_MAPS, describeTarget } from './api-resources.ts';
import type { KubeClient } from './client.ts';
import { ifFound } from './errors.ts';
import { ForeignObjectError } from './manifests.ts';
import { parseObject } from './objects.ts';
import { controllerUidOf } from './owned-objects.ts';

const dataSchema = z.object({ ...perTier(() => z.string().optional()), recent: z.string().default('') });

const targetOf = ({ metadata: { name, namespace } }: Pick<VoucherCampaign, 'metadata'>) => ({
  resource: CONFIG_MAPS,
  namespace,
  name: decisionsName(name),
});

/** Undefined when there is none. @throws KubeError; ForeignObjectError when that ConfigMap is not the campaign's */
export const readDecisions = async (
  client: KubeClient,
  campaign: Pick<VoucherCampaign, 'metadata'>,
  signal: AbortSignal,
): ReturnType<DecisionStore['read']> => {
  const target = targetOf(campaign);
  const answer = await ifFound(client.call({ ...target, verb: 'get' }, signal));
  if (answer === undefined) return undefined;
  const found = parseObject(answer);
  if (controllerUidOf(found) !== campaign.metadata.uid) {
    throw new ForeignObjectError(
      `${describeTarget(target)} belongs to another owner, so decisions are not kept: rename or delete that ConfigMap`,
    );
  }
  return dataSchema.parse(found['data'] ?? {});
};

export const createDecisionStore = (client: KubeClient): DecisionStore => ({
  read: (campaign, signal) => readDecisions(client, campaign, signal),
  async write(campaign, texts, signal) {
    const target = targetOf(campaign);
    const { labels = {}, ...metadata } = ownedMetadata(campaign, target.name);
    const { [LABELS.managedBy]: _unwatched, ...others } = labels;
    const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { ...metadata, labels: others }, data: texts };
    const query = { fieldManager: FIELD_MANAGER, force: 'true' };
    await client.call({ ...target, verb: 'apply', query, body, isOnce: true }, signal);
  },
});
