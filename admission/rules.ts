/**
 * Evaluates the CEL rules of a schema as the API server does: `self` at every node; rules with `oldSelf` on updates only, and
 * only where the old value can be matched. Pure.
 *
 * Not implemented: ratcheting (Kubernetes ≥ 1.33 lets an unchanged value keep breaking a newer rule).
 */
import { Environment } from '@marcbachmann/cel-js';
import type { SchemaNode, ValidationRule } from '../contract/schema/node.ts';
import { isJsonObject } from '../contract/untrusted.ts';
import { type AdmissionError, child, element } from './field-path.ts';

/** Without Kubernetes' extension libraries: a rule that needs one fails to parse here. */
const environment = new Environment().registerVariable('self', 'dyn').registerVariable('oldSelf', 'dyn');

/**
 * JSON → CEL by the schema's types: integers are int (BigInt), instants are timestamps. A list-map is compared without
 * regard to order, as in Kubernetes, so it is sorted by its keys.
 */
const toCel = (node: SchemaNode, value: unknown): unknown => {
  if (node.type === 'integer' && typeof value === 'number') return BigInt(value);
  if (node.type === 'string' && node.format === 'date-time' && typeof value === 'string') return new Date(value);
  if (node.type === 'array' && Array.isArray(value)) {
    const items = value.map((item) => toCel(node.items, item));
    const keys = node['x-kubernetes-list-map-keys'];
    return keys === undefined ? items : items.toSorted((a, b) => (keyOf(a, keys) < keyOf(b, keys) ? -1 : 1));
  }
  if (node.type === 'object' && isJsonObject(value)) {
    const fields = Object.entries(node.properties).flatMap(([name, schema]) =>
      value[name] === undefined ? [] : [[name, toCel(schema, value[name])] as const],
    );
    return Object.fromEntries(fields);
  }
  return value;
};

const keyOf = (item: unknown, keys: readonly string[]): string =>
  isJsonObject(item) ? JSON.stringify(keys.map((key) => String(item[key]))) : '';

const isTransition = ({ rule }: ValidationRule): boolean => /\boldSelf\b/.test(rule);

/** True, or the message. A rule that can't be evaluated (after an overflow, for example) refuses, as in Kubernetes. */
const holds = (
  rule: ValidationRule,
  context: { readonly self: unknown; readonly oldSelf?: unknown },
): true | string => {
  const evaluate = environment.parse(rule.rule);
  try {
    return evaluate(context) === true ? true : rule.message;
  } catch (error) {
    const cause = error instanceof Error ? error.message.split('\n')[0] : String(error);
    return `${rule.message} (the rule could not be evaluated: ${cause})`;
  }
};

const ownErrors = (node: SchemaNode, value: unknown, old: unknown, path: string): readonly AdmissionError[] =>
  (node['x-kubernetes-validations'] ?? []).flatMap((rule) => {
    if (isTransition(rule) && old === undefined) return [];
    const self = toCel(node, value);
    const outcome = holds(rule, isTransition(rule) ? { self, oldSelf: toCel(node, old) } : { self });
    if (outcome === true) return [];
    // At the root `path` is empty and fieldPath starts with a dot.
    return [{ path: `${path}${rule.fieldPath ?? ''}`.replace(/^\./, ''), message: outcome }];
  });

/** The old item that a new one is matched with: by key in a list-map, never in an atomic list. */
const matchingItem = (keys: readonly string[] | undefined, item: unknown, old: unknown): unknown =>
  keys === undefined || !Array.isArray(old)
    ? undefined
    : old.find((candidate) => keyOf(candidate, keys) === keyOf(item, keys));

/** Every rule below `path` that `value` breaks. The value must be structurally valid. */
export const brokenRules = (
  node: SchemaNode,
  value: unknown,
  old: unknown,
  path: string,
): readonly AdmissionError[] => {
  if (value === undefined) return [];
  const own = ownErrors(node, value, old, path);
  if (node.type === 'array' && Array.isArray(value)) {
    const keys = node['x-kubernetes-list-map-keys'];
    const items = value.flatMap((item, index) =>
      brokenRules(node.items, item, matchingItem(keys, item, old), element(path, index)),
    );
    return [...own, ...items];
  }
  if (node.type === 'object' && isJsonObject(value)) {
    const fields = Object.entries(node.properties).flatMap(([name, schema]) =>
      brokenRules(schema, value[name], isJsonObject(old) ? old[name] : undefined, child(path, name)),
    );
    return [...own, ...fields];
  }
  return own;
};
