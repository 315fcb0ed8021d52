/** Whether a manifest is applied already, by the live object and its managedFields; others' fields are ignored. */
import type { KubeObject } from './objects.ts';
import { parseQuantity } from './pods/quantity.ts';

/** A node of `fieldsV1`: `f:name`, `k:{"name":"a"}`, `v:"x"` and `.`; empty where the whole value is owned. */
export type Owned = Readonly<Record<string, unknown>>;

export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Values that the server does not store: Go's zero values. */
const isZero = (value: unknown): boolean =>
  value === undefined ||
  value === null ||
  value === 0 ||
  value === '' ||
  value === false ||
  (Array.isArray(value) && value.length === 0) ||
  (isRecord(value) && Object.values(value).every(isZero));

/** Live has every wanted value; more in an object is a default or another owner's, more in a list is not. */
const covers = (wanted: unknown, live: unknown): boolean => {
  if (live === undefined) return isZero(wanted);
  if (Array.isArray(wanted)) {
    return (
      Array.isArray(live) && live.length === wanted.length && wanted.every((value, index) => covers(value, live[index]))
    );
  }
  if (isRecord(wanted))
    return isRecord(live) && Object.entries(wanted).every(([key, value]) => covers(value, live[key]));
  return wanted === live;
};

const fieldsOf = (owned: Owned, prefix: string): readonly string[] =>
  Object.keys(owned).filter((key) => key.startsWith(prefix));

const keysOf = (text: string): Readonly<Record<string, unknown>> => {
  const parsed: unknown = JSON.parse(text.slice(2));
  return isRecord(parsed) ? parsed : {};
};

/** `partial`: a key that is absent is a default that the server filled in, such as protocol TCP. */
const hasKeys = (element: unknown, keys: Readonly<Record<string, unknown>>, partial: boolean): boolean =>
  isRecord(element) &&
  Object.entries(keys).every(([key, value]) => element[key] === value || (partial && element[key] === undefined));

const toOwned = (value: unknown): Owned => (isRecord(value) ? value : {});

/** Lists whose elements have keys: containers, ports, environment. */
const keyedDifference = (wanted: readonly unknown[], live: unknown, owned: Owned, path: string): string | undefined => {
  const elements = Array.isArray(live) ? live : [];
  const claims = fieldsOf(owned, 'k:').map((text) => ({ text, keys: keysOf(text), isWanted: false }));
  for (const element of wanted) {
    const claim = claims.find(({ keys, isWanted }) => !isWanted && hasKeys(element, keys, true));
    if (claim === undefined) return `${path}[${JSON.stringify(element)}] is not owned`;
    claim.isWanted = true;
    const found = elements.find((candidate) => hasKeys(candidate, claim.keys, false));
    const difference = differenceAt(element, found, toOwned(owned[claim.text]), `${path}[${claim.text.slice(2)}]`);
    if (difference !== undefined) return difference;
  }
  const extra = claims.find(({ isWanted }) => !isWanted);
  return extra === undefined ? undefined : `${path}[${extra.text.slice(2)}] is owned and no longer wanted`;
};

/** Lists that are sets of plain values: finalizers. */
const setDifference = (wanted: readonly unknown[], live: unknown, owned: Owned, path: string): string | undefined => {
  const elements: readonly unknown[] = Array.isArray(live) ? live : [];
  const claims = fieldsOf(owned, 'v:').map((text): unknown => JSON.parse(text.slice(2)));
  const missing = wanted.find((value) => !elements.includes(value) || !claims.includes(value));
  if (missing !== undefined) return `${path} lacks ${JSON.stringify(missing)}`;
  const extra = claims.find((value) => !wanted.includes(value));
  return extra === undefined ? undefined : `${path} has ${JSON.stringify(extra)}, no longer wanted`;
};

/** The server writes amounts its own way: `0.5` comes back as `500m`. */
const isSameAmount = (wanted: unknown, live: unknown, path: string): boolean => {
  if (!path.includes('.resources.') || typeof wanted !== 'string' || typeof live !== 'string') return false;
  const amount = parseQuantity(wanted);
  return amount !== undefined && amount === parseQuantity(live);
};

const differenceAt = (wanted: unknown, live: unknown, owned: Owned, path: string): string | undefined => {
  const isWhole = Object.keys(owned).every((key) => key === '.');
  if (isWhole) return covers(wanted, live) || isSameAmount(wanted, live, path) ? undefined : `${path} differs`;
  if (Array.isArray(wanted)) {
    return fieldsOf(owned, 'v:').length > 0
      ? setDifference(wanted, live, owned, path)
      : keyedDifference(wanted, live, owned, path);
  }
  if (!isRecord(wanted) || !isRecord(live)) return `${path} differs`;
  for (const [key, value] of Object.entries(wanted)) {
    if (isZero(value) && isZero(live[key])) continue;
    const below = owned[`f:${key}`];
    if (below === undefined) return `${path}.${key} is not owned`;
    const difference = differenceAt(value, live[key], toOwned(below), `${path}.${key}`);
    if (difference !== undefined) return difference;
  }
  const extra = fieldsOf(owned, 'f:').find(
    (key) => wanted[key.slice(2)] === undefined && live[key.slice(2)] !== undefined,
  );
  return extra === undefined ? undefined : `${path}.${extra.slice(2)} is owned and no longer wanted`;
};

/** Without the fields that identify the object, which managedFields never list. */
const withoutIdentity = (manifest: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> => {
  const { apiVersion: _apiVersion, kind: _kind, metadata, ...rest } = manifest;
  const { name: _name, namespace: _namespace, uid: _uid, ...meta } = isRecord(metadata) ? metadata : {};
  return { ...rest, metadata: meta };
};

/** What `manager` owns by server-side apply; undefined when it never applied. */
const ownedBy = (live: KubeObject, manager: string): Owned | undefined =>
  live.metadata.managedFields?.find(
    (entry) => entry.manager === manager && entry.operation === 'Apply' && (entry.subresource ?? '') === '',
  )?.fieldsV1;

/**
 * The first thing that a server-side apply of the manifest would change, for logs; undefined when nothing.
 *
 * | field                            | then                                                        |
 * |----------------------------------|-------------------------------------------------------------|
 * | wanted, owned, equal             | nothing                                                     |
 * | wanted, owned or not, another    | differs: an edit, or a newer manifest                       |
 * | wanted, not owned, equal         | differs: its owner could remove it                          |
 * | not wanted, owned                | differs: the apply removes it                               |
 * | not wanted, not owned            | nothing: a default, or another owner's                      |
 */
export const differenceOf = (manifest: object, live: KubeObject, manager: string): string | undefined => {
  const owned = ownedBy(live, manager);
  if (owned === undefined) return `${manager} has applied nothing yet`;
  const wanted = withoutIdentity(JSON.parse(JSON.stringify(manifest)));
  return differenceAt(wanted, live, owned, '');
};

/** Whether the manager that created the object owns anything besides `spec.replicas`. */
export const ownsMoreThanReplicas = (fields: Owned | undefined): boolean => {
  if (fields === undefined) return false;
  const spec = toOwned(fields['f:spec']);
  return (
    fieldsOf(fields, 'f:').some((key) => key !== 'f:spec') || fieldsOf(spec, 'f:').some((key) => key !== 'f:replicas')
  );
};
