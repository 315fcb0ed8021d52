/** The objects that a campaign owns, as they are kept in memory. */
import { FIELD_MANAGER, INIT_FIELD_MANAGER, LABELS } from '../../contract/names.ts';
import type { Manifest } from '../resources/manifest.ts';
import {
  type ApiResource,
  apiVersionOf,
  CONFIG_MAPS,
  DEPLOYMENTS,
  JOBS,
  NETWORK_POLICIES,
  POD_DISRUPTION_BUDGETS,
  SERVICE_ACCOUNTS,
  SERVICES,
} from './api-resources.ts';
import type { KubeObject } from './objects.ts';
import { sharedFields } from './shared-fields.ts';

export const OWNED_RESOURCES: readonly ApiResource[] = [
  DEPLOYMENTS,
  JOBS,
  SERVICES,
  CONFIG_MAPS,
  SERVICE_ACCOUNTS,
  POD_DISRUPTION_BUDGETS,
  NETWORK_POLICIES,
];

/** Of all objects in the cluster only ours are watched. */
export const OWNED_SELECTOR = `${LABELS.managedBy}=${FIELD_MANAGER}`;

/** @throws Error for a kind that the operator does not write */
export const resourceOf = ({ apiVersion, kind }: Pick<Manifest, 'apiVersion' | 'kind'>): ApiResource => {
  const found = OWNED_RESOURCES.find((resource) => resource.kind === kind && apiVersionOf(resource) === apiVersion);
  if (found === undefined) throw new Error(`no address is known for ${apiVersion} ${kind}`);
  return found;
};

/** `vouchers/chengdu`: the key of the campaign whose label an object carries. */
export const campaignKeyOf = ({
  metadata: { namespace, labels },
}: Pick<KubeObject, 'metadata'>): string | undefined => {
  const campaign = labels?.[LABELS.campaign];
  return campaign === undefined ? undefined : `${namespace}/${campaign}`;
};

/** A thousand campaigns are kept: unused fields are left out, and equal parts are kept once. */
export const keepOwned = (object: KubeObject): KubeObject => {
  const { managedFields = [] } = object.metadata;
  const ours = managedFields
    .filter(({ manager }) => manager === FIELD_MANAGER || manager === INIT_FIELD_MANAGER)
    .map((entry) => (entry.fieldsV1 === undefined ? entry : { ...entry, fieldsV1: sharedFields(entry.fieldsV1) }));
  return { ...object, metadata: { ...object.metadata, managedFields: ours } };
};

export const controllerUidOf = ({ metadata }: Pick<KubeObject, 'metadata'>): string | undefined =>
  metadata.ownerReferences?.find(({ controller }) => controller === true)?.uid;

/** Undefined for a manifest of a campaign that was never stored. */
export const wantedOwnerUid = ({ metadata }: Manifest): string | undefined =>
  metadata?.ownerReferences?.find(({ controller }) => controller === true)?.uid;

const META_WORDS = ['labels', 'annotations', 'ownerReferences', 'deletionTimestamp', 'generation'] as const;

/** Whether a tick may have to act on it: not for a status. Kinds without a generation change only by edits. */
export const isEdited = (before: KubeObject, after: KubeObject): boolean =>
  after.metadata.generation === undefined ||
  META_WORDS.some((word) => JSON.stringify(before.metadata[word]) !== JSON.stringify(after.metadata[word]));
