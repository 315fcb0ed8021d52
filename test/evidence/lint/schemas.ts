/** JSON schemas as kubeconform wants them, from what an API server publishes under /openapi/v2. Pure. */
import { z } from 'zod';

const reference = '#/definitions/';

type Schema = Readonly<Record<string, unknown>>;
const schema: z.ZodType<Schema> = z.record(z.string(), z.unknown());
const published = z.object({ definitions: z.record(z.string(), schema) });
const kinds = z.array(z.object({ group: z.string(), version: z.string(), kind: z.string() }));

const isObject = (value: unknown): value is Schema =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * | published | means | for the validator |
 * |-----------|-------|-------------------|
 * | properties, nothing about others | the API server's "unknown field" warning | additionalProperties: false |
 * | string, format int-or-string | a number as well | both types |
 * | x-kubernetes-preserve-unknown-fields | anything | as it is |
 */
const strict = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(strict);
  if (!isObject(value)) return value;
  if (value['format'] === 'int-or-string' || value['x-kubernetes-int-or-string'] === true) {
    return { type: ['string', 'integer'] };
  }
  const inner = Object.fromEntries(Object.entries(value).map(([key, part]) => [key, strict(part)]));
  const isOpen = 'additionalProperties' in value || value['x-kubernetes-preserve-unknown-fields'] === true;
  return isObject(value['properties']) && !isOpen ? { ...inner, additionalProperties: false } : inner;
};

const referredTo = (value: unknown): readonly string[] => {
  if (Array.isArray(value)) return value.flatMap(referredTo);
  if (!isObject(value)) return [];
  const { $ref: ref } = value;
  const own = typeof ref === 'string' ? [ref.slice(reference.length)] : [];
  return [...own, ...Object.values(value).flatMap(referredTo)];
};

const closure = (definitions: Schema, from: string): Schema => {
  const found: Record<string, unknown> = {};
  const open = [from];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (name in found) continue;
    found[name] = strict(definitions[name]);
    open.push(...referredTo(definitions[name]));
  }
  return found;
};

/** `KIND-GROUP-VERSION.json`, lower case, as `{{.ResourceKind}}{{.KindSuffix}}` names them. */
const fileName = ({ group, version, kind }: z.infer<typeof kinds>[number]): string => {
  const [firstLabel = ''] = group.split('.');
  return `${[kind, ...(firstLabel === '' ? [] : [firstLabel]), version].join('-').toLowerCase()}.json`;
};

/** File name → schema, each with everything that it refers to. @param openapi the parsed answer */
export const kubeconformSchemas = (openapi: unknown): ReadonlyMap<string, Schema> => {
  const { definitions } = published.parse(openapi);
  const files = new Map<string, Schema>();
  for (const [name, definition] of Object.entries(definitions)) {
    const standing = kinds.safeParse(definition['x-kubernetes-group-version-kind']);
    for (const one of standing.success ? standing.data : []) {
      // Kinds that every group has, such as DeleteOptions, are in no manifest.
      if (standing.data?.length !== 1) continue;
      files.set(fileName(one), { $ref: `${reference}${name}`, definitions: closure(definitions, name) });
    }
  }
  return files;
};
