/** Checks metadata as the API server does, as far as the embedded mode needs it. Pure. */
import { isJsonObject, type JsonObject } from '../contract/untrusted.ts';
import { type AdmissionError, child, shown } from './field-path.ts';
import { closest } from './unknown-fields.ts';

/** What a person may write. */
const WRITABLE = ['name', 'namespace', 'labels', 'annotations'] as const;
/** What only the API server writes; accepted when it equals the stored value, as in a file from `kubectl get -o yaml`. */
const SERVER_WRITTEN = ['uid', 'resourceVersion', 'generation', 'creationTimestamp', 'deletionTimestamp'] as const;
/** What Kubernetes supports and the embedded mode does not. */
const UNSUPPORTED = ['generateName', 'finalizers', 'ownerReferences', 'managedFields', 'selfLink'];

const NAMESPACE = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
const QUALIFIED_NAME = /^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?\/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;
const LABEL_VALUE = /^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/;
const MAX_ANNOTATIONS_LENGTH = 256 * 1024;

const error = (name: string, message: string): AdmissionError => ({ path: child('metadata', name), message });

const textMap = (name: 'labels' | 'annotations', value: unknown): readonly AdmissionError[] => {
  if (value === undefined) return [];
  if (!isJsonObject(value)) return [error(name, `must be a map of text to text, is ${shown(value)}`)];
  const errors = Object.entries(value).flatMap(([key, text]) => {
    const at = child(name, key);
    if (!QUALIFIED_NAME.test(key)) return [error(at, 'is not a qualified name such as example.com/purpose')];
    if (typeof text !== 'string') return [error(at, `must be text, is ${shown(text)}: put it in quotes`)];
    if (name === 'labels' && !LABEL_VALUE.test(text)) {
      return [error(at, `${shown(text)} is not a label value: at most 63 letters, digits, "-", "_" and "."`)];
    }
    return [];
  });
  return JSON.stringify(value).length > MAX_ANNOTATIONS_LENGTH ? [...errors, error(name, 'are too long')] : errors;
};

const namespaceErrors = (value: unknown): readonly AdmissionError[] =>
  value === undefined || (typeof value === 'string' && NAMESPACE.test(value))
    ? []
    : [error('namespace', `${shown(value)} is not a namespace: at most 63 lower-case letters, digits and "-"`)];

const isOneOf = (names: readonly string[], name: string): boolean => names.includes(name);

const unexpected = (name: string, value: unknown, stored: JsonObject): readonly AdmissionError[] => {
  if (isOneOf(WRITABLE, name)) return [];
  if (isOneOf(SERVER_WRITTEN, name)) {
    return stored[name] === value ? [] : [error(name, 'is written by the API server: remove it')];
  }
  if (UNSUPPORTED.includes(name)) return [error(name, 'is not supported by the embedded mode: remove it')];
  const near = closest(name, WRITABLE);
  return [error(name, `unknown field, ${near === undefined ? 'remove it' : `did you mean "${near}"?`}`)];
};

/** Errors of metadata, except those of the bounds of `name`, which the schema states. */
export const metadataErrors = (metadata: JsonObject, stored: JsonObject | undefined): readonly AdmissionError[] => {
  const moved = (['name', 'namespace'] as const).flatMap((name) => {
    const given = metadata[name] ?? (name === 'namespace' ? 'default' : undefined);
    return stored === undefined || stored[name] === given
      ? []
      : [error(name, `is ${shown(given)} but the stored object is ${shown(stored[name])}: apply it as a new object`)];
  });
  return [
    ...Object.entries(metadata).flatMap(([name, value]) => unexpected(name, value, stored ?? {})),
    ...(metadata['name'] === undefined ? [error('name', 'is required: name of the object')] : []),
    ...namespaceErrors(metadata['namespace']),
    ...textMap('labels', metadata['labels']),
    ...textMap('annotations', metadata['annotations']),
    ...moved,
  ];
};
