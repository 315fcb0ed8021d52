/** Campaigns: read from the watch, and their status written. */

import type { VoucherCampaign } from '../api/campaign-types.ts';
import { FIELD_MANAGER } from '../api/names.ts';
import type { StatusWriter } from '../reconcile/ports.ts';
import type { KubeClient } from './client.ts';
import { type KubeObject, parseObject } from './objects.ts';
import { CAMPAIGNS } from './resources.ts';
import type { Store } from './store.ts';

/** A stored campaign always has these; the type asks for less, because a campaign in a file has none. */
export type StoredCampaign = VoucherCampaign & {
  readonly metadata: { readonly uid: string; readonly resourceVersion: string };
};

const isCampaign = (value: object): value is StoredCampaign =>
  'kind' in value && value.kind === 'VoucherCampaign' && 'spec' in value && typeof value.spec === 'object';

/**
 * The API server has validated it against the schema that the types are generated from, and has filled in defaults.
 * @throws Error when it is none
 */
export const keepCampaign = (object: KubeObject): StoredCampaign => {
  const { managedFields: _managedFields, ...metadata } = object.metadata;
  // Items of a list carry neither.
  const campaign = { apiVersion: 'voucher-operator.io/v1alpha1', kind: 'VoucherCampaign', ...object, metadata };
  if (!isCampaign(campaign)) throw new Error(`${metadata.namespace}/${metadata.name} is no VoucherCampaign`);
  return campaign;
};

/** Whether a tick is due: our own status is no news. */
export const isCampaignNews = (before: VoucherCampaign, after: VoucherCampaign): boolean =>
  before.metadata.generation !== after.metadata.generation ||
  before.metadata.deletionTimestamp !== after.metadata.deletionTimestamp ||
  JSON.stringify(before.metadata.annotations) !== JSON.stringify(after.metadata.annotations) ||
  (before.status !== undefined && after.status === undefined);

/** Replaces the status of the newest version that was seen: a writer whose view is old meets a conflict. */
export const createStatusWriter = (client: KubeClient, store: Store<StoredCampaign>): StatusWriter => ({
  async writeStatus({ apiVersion, kind, metadata: { name, namespace } }, status, signal) {
    const resourceVersion = store.get(namespace, name)?.metadata.resourceVersion;
    if (resourceVersion === undefined) throw new Error(`the campaign ${namespace}/${name} is gone`);
    const body = { apiVersion, kind, metadata: { name, namespace, resourceVersion }, status };
    const target = { resource: CAMPAIGNS, namespace, name, subresource: 'status' };
    const query = { fieldManager: FIELD_MANAGER };
    const answer = await client.call({ ...target, verb: 'update', query, body }, signal);
    store.observe(keepCampaign(parseObject(answer)));
  },
});
