/**
 * Checks a resource as `kubectl apply` and the API server do, for the embedded mode and for commands that read a file: strict
 * decoding, defaults, structural schema, CEL rules against the stored object, generation. Pure; nothing is ignored silently.
 *
 * A stage with errors is the last one: a rule about a field of the wrong type would only confuse.
 *
 * Stricter than Kubernetes in three cases that it ignores or corrects silently: an empty section (`scaling:`), a status or
 * server-written metadata in the file, and bare words that YAML 1.1 and 1.2 read differently. Not known to be looser: for all
 * of examples/ the results are those of apiextensions-apiserver 0.34.
 */
import { isDeepStrictEqual } from 'node:util';
import { withDefaults } from '../contract/defaults.ts';
import { API_VERSION } from '../contract/names.ts';
import type { ResourceDefinition } from '../contract/schema/node.ts';
import { VOUCHER_CAMPAIGN } from '../contract/schema/schema.ts';
import type { VoucherCampaign, VoucherCampaignStatus } from '../contract/types/campaign.ts';
import { isJsonObject, type JsonObject } from '../contract/untrusted.ts';
import { parseDocument } from './document.ts';
import { type AdmissionError, shown } from './field-path.ts';
import { metadataErrors } from './metadata.ts';
import { brokenRules } from './rules.ts';
import { structuralErrors } from './structure.ts';
import { unknownFields } from './unknown-fields.ts';

export type { AdmissionError } from './field-path.ts';

export interface Refused {
  readonly kind: 'refused';
  /** At least one. */
  readonly errors: readonly AdmissionError[];
}
export type CampaignAdmission = { readonly kind: 'admitted'; readonly campaign: VoucherCampaign } | Refused;
type Outcome = { readonly kind: 'admitted'; readonly object: JsonObject } | Refused;

const refused = (errors: readonly AdmissionError[]): Refused => ({ kind: 'refused', errors });

const headErrors = (resource: ResourceDefinition, value: JsonObject): readonly AdmissionError[] => {
  const expected = { apiVersion: API_VERSION, kind: resource.kind };
  return Object.entries(expected).flatMap(([path, wanted]) =>
    value[path] === wanted ? [] : [{ path, message: `must be ${wanted}, is ${shown(value[path] ?? null)}` }],
  );
};

/** The schema knows only metadata.name; metadata.ts checks the rest. */
const withBareMetadata = (value: JsonObject): JsonObject => {
  const metadata = value['metadata'];
  if (!isJsonObject(metadata) || metadata['name'] === undefined) return { ...value, metadata: {} };
  return { ...value, metadata: { name: metadata['name'] } };
};

const statusErrors = (value: JsonObject, old: JsonObject | undefined): readonly AdmissionError[] =>
  value['status'] === undefined || isDeepStrictEqual(value['status'], old?.['status'])
    ? []
    : [{ path: 'status', message: 'is written by the operator: remove it' }];

/** The object as stored: the generation changes with the spec; status and the server's fields stay. */
const stored = (value: JsonObject, old: JsonObject | undefined): JsonObject => {
  const metadata = isJsonObject(value['metadata']) ? value['metadata'] : {};
  const oldMetadata = isJsonObject(old?.['metadata']) ? old['metadata'] : {};
  const oldGeneration = typeof oldMetadata['generation'] === 'number' ? oldMetadata['generation'] : 0;
  const generation = isDeepStrictEqual(value['spec'], old?.['spec']) ? oldGeneration : oldGeneration + 1;
  const { labels, annotations, ...kept } = oldMetadata;
  return {
    ...value,
    metadata: { ...kept, namespace: 'default', ...metadata, generation },
    ...(old?.['status'] === undefined ? {} : { status: old['status'] }),
  };
};

/** Schema and rules over a whole object whose fields are known. */
const validated = (resource: ResourceDefinition, value: JsonObject, old: JsonObject | undefined): Outcome => {
  const structure = structuralErrors(resource.schema, withBareMetadata(value));
  if (structure.length > 0) return refused(structure);
  const rules = brokenRules(resource.schema, value, old, '');
  return rules.length > 0 ? refused(rules) : { kind: 'admitted', object: value };
};

/** A resource whose spec was written by a person or by the operator; `old` is the stored object, absent on creation. */
export const admitObject = (resource: ResourceDefinition, value: JsonObject, old: JsonObject | undefined): Outcome => {
  const head = headErrors(resource, value);
  if (head.length > 0) return refused(head);
  const metadata = isJsonObject(value['metadata']) ? value['metadata'] : {};
  const strict = [
    ...metadataErrors(metadata, isJsonObject(old?.['metadata']) ? old['metadata'] : undefined),
    ...statusErrors(value, old),
    ...unknownFields(resource.schema, withBareMetadata(value), '', resource.schema),
  ];
  if (strict.length > 0) return refused(strict);
  const defaulted = withDefaults(resource.schema, value);
  return validated(resource, stored(isJsonObject(defaulted) ? defaulted : {}, old), old);
};

/** @param of makes the object from the one in the text */
export const admitText = (
  resource: ResourceDefinition,
  text: string,
  old: JsonObject | undefined,
  of: (value: JsonObject) => JsonObject = (value) => value,
): Outcome => {
  const document = parseDocument(text);
  if (document.kind === 'refused') return document;
  const outcome = admitObject(resource, of(document.value), old);
  if (outcome.kind === 'admitted') return outcome;
  return refused(
    outcome.errors.map((error) => {
      const line = document.lineOf(error.path);
      return line === undefined ? error : { ...error, line };
    }),
  );
};

// These casts turn validation into a type: contract/types is generated from the schema that was just checked.
const asJson = (object: VoucherCampaign | undefined): JsonObject | undefined =>
  object as unknown as JsonObject | undefined;
const asCampaign = (outcome: Outcome): CampaignAdmission =>
  outcome.kind === 'refused' ? outcome : { kind: 'admitted', campaign: outcome.object as unknown as VoucherCampaign };

/**
 * A campaign from YAML. uid, resourceVersion and creationTimestamp of a new object are set where it is stored;
 * `metadata.generation` is 1, or one more than before when the spec differs.
 */
export const admitCampaign = (yaml: string, old?: VoucherCampaign): CampaignAdmission =>
  asCampaign(admitText(VOUCHER_CAMPAIGN, yaml, asJson(old)));

/** Without what only a cluster writes. */
const asStated = ({ status: _, metadata, ...stated }: JsonObject): JsonObject => {
  if (!isJsonObject(metadata)) return { ...stated, metadata };
  const { name, namespace = 'default' } = metadata;
  return { ...stated, metadata: { name, namespace } };
};

/** A campaign from YAML that is read but not stored; it may come from `kubectl get -o yaml`, with a status. */
export const readCampaign = (yaml: string): CampaignAdmission =>
  asCampaign(admitText(VOUCHER_CAMPAIGN, yaml, undefined, asStated));

/** A write to the status subresource: only status changes, and it must fit the schema and the rules. */
export const admitCampaignStatus = (old: VoucherCampaign, status: VoucherCampaignStatus): CampaignAdmission => {
  const next: JsonObject = { ...old, status };
  const unknown = unknownFields(VOUCHER_CAMPAIGN.schema, { status }, '', VOUCHER_CAMPAIGN.schema);
  return asCampaign(unknown.length > 0 ? refused(unknown) : validated(VOUCHER_CAMPAIGN, next, asJson(old)));
};

/** One line per error: `campaign.yaml:12: spec.window.closesAt: …`. */
export const formatAdmissionErrors = (errors: readonly AdmissionError[], source: string): string =>
  errors
    .map(({ path, message, line }) => {
      const place = line === undefined ? source : `${source}:${line}`;
      return path === '' ? `${place}: ${message}` : `${place}: ${path}: ${message}`;
    })
    .join('\n');
