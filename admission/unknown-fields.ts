/** Unknown fields and empty fields. The API server would drop them; here they are errors. Pure. */
import type { ObjectNode, SchemaNode } from '../contract/schema/node.ts';
import { isJsonObject } from '../contract/untrusted.ts';
import { type AdmissionError, child, element } from './field-path.ts';

/** Levenshtein distance, ignoring case. */
const distance = (left: string, right: string): number => {
  const a = left.toLowerCase();
  const b = right.toLowerCase();
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const substituted = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min((previous[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, substituted));
    }
    previous = row;
  }
  return previous[b.length] ?? 0;
};

/** The known name closest to a typing error: at most a third of the letters differ. */
export const closest = (name: string, known: readonly string[]): string | undefined => {
  const ranked = known.map((other) => ({ other, d: distance(name, other) })).sort((x, y) => x.d - y.d);
  const [best] = ranked;
  return best !== undefined && best.d <= Math.max(1, Math.floor(name.length / 3)) ? best.other : undefined;
};

/** Every path at which the schema has a field of this name: a field is often only at the wrong depth. */
const placesOf = (name: string, node: SchemaNode, path: string): readonly string[] => {
  if (node.type === 'array') return placesOf(name, node.items, `${path}[]`);
  if (node.type !== 'object') return [];
  return Object.entries(node.properties).flatMap(([property, schema]) => {
    const at = child(path, property);
    return property === name ? [at, ...placesOf(name, schema, at)] : placesOf(name, schema, at);
  });
};

const unknownField = (path: string, name: string, parent: ObjectNode, root: ObjectNode): AdmissionError => {
  const near = closest(name, Object.keys(parent.properties));
  if (near !== undefined) return { path: child(path, name), message: `unknown field, did you mean "${near}"?` };
  const places = placesOf(name, root, '').filter((place) => place.startsWith('spec.'));
  const remedy =
    places.length > 0 && places.length <= 3
      ? `did you mean ${places.join(' or ')}?`
      : `remove it; known here: ${Object.keys(parent.properties).join(', ')}`;
  return { path: child(path, name), message: `unknown field, ${remedy}` };
};

/** All unknown and empty fields of `value` below `path`. `root` is searched for the right place of a misplaced field. */
export const unknownFields = (
  node: SchemaNode,
  value: unknown,
  path: string,
  root: ObjectNode,
): readonly AdmissionError[] => {
  if (value === null) return [{ path, message: 'is empty: give it a value, or remove the line to get the default' }];
  if (node.type === 'array' && Array.isArray(value)) {
    return value.flatMap((item, index) => unknownFields(node.items, item, element(path, index), root));
  }
  if (node.type === 'object' && isJsonObject(value)) {
    return Object.entries(value).flatMap(([name, field]) => {
      const schema = Object.hasOwn(node.properties, name) ? node.properties[name] : undefined;
      return schema === undefined
        ? [unknownField(path, name, node, root)]
        : unknownFields(schema, field, child(path, name), root);
    });
  }
  return [];
};
