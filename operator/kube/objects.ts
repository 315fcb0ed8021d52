/** Objects as the API server sends them, as far as generic code reads them. */
import { z } from 'zod';
import { API_VERSION } from '../../contract/names.ts';

/** Loose: what is compared with a manifest must be complete. */
const ownerReference = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  name: z.string(),
  uid: z.string(),
  controller: z.boolean().optional(),
});

const managedFieldsEntry = z.object({
  manager: z.string().optional(),
  operation: z.string().optional(),
  subresource: z.string().optional(),
  /** When that manager last wrote, by the API server's clock. */
  time: z.string().optional(),
  fieldsV1: z.record(z.string(), z.unknown()).optional(),
});

const metadata = z.looseObject({
  name: z.string(),
  namespace: z.string().default(''),
  uid: z.string(),
  resourceVersion: z.string(),
  generation: z.number().optional(),
  creationTimestamp: z.string().optional(),
  deletionTimestamp: z.string().optional(),
  labels: z.record(z.string(), z.string()).optional(),
  annotations: z.record(z.string(), z.string()).optional(),
  ownerReferences: z.array(ownerReference).optional(),
  managedFields: z.array(managedFieldsEntry).optional(),
});
export type KubeMetadata = z.infer<typeof metadata>;

const object = z.looseObject({ metadata });
/** Any object; fields besides metadata are unknown until parsed. */
export type KubeObject = z.infer<typeof object>;

/** @throws ZodError when it is no object with a name, a uid and a version */
export const parseObject = (raw: unknown): KubeObject => object.parse(raw);

const page = z.object({
  metadata: z.object({ resourceVersion: z.string(), continue: z.string().optional() }),
  // An empty list is null where the server is written in Go.
  items: z.array(z.unknown()).nullish(),
});

export interface Page {
  readonly resourceVersion: string;
  /** Token of the next page; undefined on the last. */
  readonly next: string | undefined;
  readonly items: readonly unknown[];
}

export const parsePage = (raw: unknown): Page => {
  const { metadata: head, items } = page.parse(raw);
  return { resourceVersion: head.resourceVersion, next: head.continue || undefined, items: items ?? [] };
};

const watchEvent = z.object({
  type: z.enum(['ADDED', 'MODIFIED', 'DELETED', 'BOOKMARK', 'ERROR']),
  object: z.unknown(),
});
type WatchEvent = z.infer<typeof watchEvent>;

/** @throws SyntaxError or ZodError: a line that can't be read must not be skipped, it may be a deletion */
export const parseWatchEvent = (line: string): WatchEvent => watchEvent.parse(JSON.parse(line));

/** MicroTime: six digits after the point. */
export const microTime = (atMs: number): string => new Date(atMs).toISOString().replace('Z', '000Z');

export type Kept<T> = T & { readonly metadata: { readonly uid: string; readonly resourceVersion: string } };

const isOfKind = <T extends { readonly kind: string }>(value: object, kind: T['kind']): value is Kept<T> =>
  'kind' in value && value.kind === kind && 'spec' in value && typeof value.spec === 'object';

/** Objects of our own kinds, validated and with defaults by the API server. @throws Error for another kind */
export const keeperOf =
  <T extends { readonly kind: string }>(kind: T['kind']) =>
  (object: KubeObject): Kept<T> => {
    const { managedFields: _managedFields, ...metadata } = object.metadata;
    // Items of a list carry neither version nor kind.
    const kept = { apiVersion: API_VERSION, kind, ...object, metadata };
    if (!isOfKind<T>(kept, kind)) throw new Error(`${metadata.namespace}/${metadata.name} is no ${kind}`);
    return kept;
  };
