/** Defaults as the API server applies them: parents first, so that the defaults inside a section with `default: {}` apply. Pure. */
import type { SchemaNode } from './schema/node.ts';
import { isJsonObject } from './untrusted.ts';

/** Returns a copy; applying it twice changes nothing more. Values of the wrong type pass through for validation to name. */
export const withDefaults = (node: SchemaNode, value: unknown): unknown => {
  if (node.type === 'array' && Array.isArray(value)) return value.map((item) => withDefaults(node.items, item));
  if (node.type !== 'object' || !isJsonObject(value)) return value;
  const present = new Map(Object.entries(value));
  for (const [name, schema] of Object.entries(node.properties)) {
    const given = present.has(name) ? present.get(name) : schema.default;
    if (given !== undefined) present.set(name, withDefaults(schema, given));
  }
  return Object.fromEntries(present);
};
