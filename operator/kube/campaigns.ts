/** Campaigns: read from the watch, and their status written. */
import { isDeepStrictEqual } from 'node:util';
import { withDefaults } from '../../contract/defaults.ts';
import { FIELD_MANAGER, JOURNAL_FINALIZER } from '../../contract/names.ts';
import { readablePart } from '../../contract/readable.ts';
import { campaignSpec } from '../../contract/schema/campaign.ts';
import { campaignStatus, UNSEEN_STATUS } from '../../contract/schema/status.ts';
import type { VoucherCampaign, VoucherCampaignSpec, VoucherCampaignStatus } from '../../contract/types/campaign.ts';
import type { CommandWriter, FinalizerWriter, StatusWriter } from '../tick/ports.ts';
import { CAMPAIGNS } from './api-resources.ts';
import type { KubeClient } from './client.ts';
import { type Kept, type KubeObject, keeperOf, parseObject } from './objects.ts';
import type { Store } from './store.ts';

export type StoredCampaign = Kept<VoucherCampaign>;
const keep = keeperOf<VoucherCampaign>('VoucherCampaign');

/**
 * Without the status that the schema alone gives a new campaign; else with its readable part: another version, or a person,
 * may have written fields that this version does not know. With the defaults of the spec: with `crds.install: false`, the API server
 * may have a definition of an earlier release, which lacks those of new fields.
 */
export const keepCampaign = (object: KubeObject): StoredCampaign => {
  const stored = keep(object);
  // Same type: only absent fields are added. What can't be read stays, and is reported.
  const campaign = { ...stored, spec: withDefaults(campaignSpec, stored.spec) as VoucherCampaignSpec };
  if (campaign.status === undefined) return campaign;
  if (isDeepStrictEqual(campaign.status, UNSEEN_STATUS)) {
    const { status: _unseen, ...rest } = campaign;
    return rest;
  }
  // No field of a status is required, so its readable part is a status.
  const status = (readablePart(campaignStatus, campaign.status) ?? {}) as VoucherCampaignStatus;
  return status === campaign.status ? campaign : { ...campaign, status };
};

/** Whether a tick is due: not for our own status. */
export const isCampaignNews = (before: VoucherCampaign, after: VoucherCampaign): boolean =>
  before.metadata.generation !== after.metadata.generation ||
  before.metadata.deletionTimestamp !== after.metadata.deletionTimestamp ||
  JSON.stringify(before.metadata.annotations) !== JSON.stringify(after.metadata.annotations) ||
  (before.status !== undefined && after.status === undefined);

/** Replaces the status of the newest version that was seen: a writer with an old view meets a conflict. */
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

const pointer = (key: string): string => key.replaceAll('~', '~0').replaceAll('/', '~1');

/** Removes annotations of the newest version that was seen, with that version, and only if they are as they were when they were answered. */
export const createCommandWriter = (client: KubeClient, store: Store<StoredCampaign>): CommandWriter => ({
  async removeCommands({ metadata: { name, namespace, annotations = {} } }, keys, signal) {
    const metadata = store.get(namespace, name)?.metadata;
    const there = keys.filter((key) => metadata?.annotations?.[key] === annotations[key] && key in annotations);
    if (metadata === undefined || there.length === 0) return;
    const body = [
      { op: 'replace', path: '/metadata/resourceVersion', value: metadata.resourceVersion },
      ...there.map((key) => ({ op: 'remove', path: `/metadata/annotations/${pointer(key)}` })),
    ];
    const query = { fieldManager: FIELD_MANAGER };
    const answer = await client.call({ resource: CAMPAIGNS, namespace, name, verb: 'patch', query, body }, signal);
    store.observe(keepCampaign(parseObject(answer)));
  },
});

/** Writes the finalizers of the newest version that was seen, with that version: those of others are never overwritten. */
export const createFinalizerWriter = (client: KubeClient, store: Store<StoredCampaign>): FinalizerWriter => ({
  async setFinalizer({ metadata: { name, namespace } }, present, signal) {
    const metadata = store.get(namespace, name)?.metadata;
    if (metadata === undefined) return;
    const others = (metadata.finalizers ?? []).filter((finalizer) => finalizer !== JOURNAL_FINALIZER);
    const finalizers = present ? [...others, JOURNAL_FINALIZER] : others;
    const body = [
      { op: 'replace', path: '/metadata/resourceVersion', value: metadata.resourceVersion },
      { op: 'add', path: '/metadata/finalizers', value: finalizers },
    ];
    const target = { resource: CAMPAIGNS, namespace, name };
    const query = { fieldManager: FIELD_MANAGER };
    const answer = await client.call({ ...target, verb: 'patch', query, body }, signal);
    store.observe(keepCampaign(parseObject(answer)));
  },
});
