/** Types, bounds, patterns, enums, required fields and list-map keys of the structural schema. Pure. */
import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import { DURATION_PATTERN, DURATION_REMEDY } from '../contract/duration.ts';
import { INSTANT_PATTERN, INSTANT_REMEDY, parseInstant } from '../contract/instant.ts';
import { DNS_LABEL_PATTERN } from '../contract/schema/common.ts';
import type { ArrayNode, ObjectNode, SchemaNode } from '../contract/schema/node.ts';
import { isJsonObject } from '../contract/untrusted.ts';
import { type AdmissionError, child, element, shown } from './field-path.ts';

const isInteger = (bits: 32 | 64) => (value: number) =>
  Number.isSafeInteger(value) && (bits === 64 || Math.abs(value) <= 2 ** 31 - 1);

const newAjv = (): Ajv => {
  // strict is off, because the schema contains Kubernetes' own keywords, which other files here enforce.
  const ajv = new Ajv({ allErrors: true, strict: false, verbose: true });
  ajv.addFormat('date-time', (text) => parseInstant(text) !== undefined);
  ajv.addFormat('int32', { type: 'number', validate: isInteger(32) });
  ajv.addFormat('int64', { type: 'number', validate: isInteger(64) });
  ajv.addFormat('double', { type: 'number', validate: Number.isFinite });
  return ajv;
};

/** `/spec/vouchers/0/name` → `spec.vouchers[0].name`. */
const pathOf = (pointer: string): string =>
  pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    .reduce((path, part) => (/^\d+$/.test(part) ? element(path, Number(part)) : child(path, part)), '');

const firstSentence = (description: string): string =>
  /^.*?[.:;](?=\s|$)/.exec(description)?.[0].slice(0, -1) ?? description;

const FORMAT_REMEDY: Readonly<Record<string, string>> = {
  'date-time': `is not an instant: ${INSTANT_REMEDY}`,
  int32: 'is not a whole number of 32 bits',
  int64: 'is not a whole number of 53 bits',
  double: 'is not a number',
};

/** Patterns in words. */
const PATTERN_REMEDY: Readonly<Record<string, string>> = {
  [DURATION_PATTERN]: `is not a duration: ${DURATION_REMEDY}`,
  [INSTANT_PATTERN]: `is not an instant: ${INSTANT_REMEDY}`,
  [DNS_LABEL_PATTERN]: 'is not a name: use lower-case letters, digits and "-", starting with a letter',
};

/** By the required type. Text in place of a number is nearly always a number in quotes. */
const TYPE_REMEDY: Readonly<Record<string, string>> = {
  string: 'put it in quotes',
  integer: 'write a whole number without quotes',
  number: 'write a number without quotes',
  boolean: 'write true or false without quotes',
  array: 'write a list, each item after "- "',
  object: 'write its fields, indented below it',
};

const typeMessage = (wanted: string, data: unknown): string =>
  `must be ${wanted}, is ${shown(data)}: ${TYPE_REMEDY[wanted] ?? 'correct it'}`;

const messageOf = (error: ErrorObject): string => {
  const { keyword, params, data, parentSchema } = error;
  const node = parentSchema as SchemaNode;
  switch (keyword) {
    case 'type':
      return typeMessage(String(params['type']), data);
    case 'enum':
      return `${shown(data)} is not supported: write one of ${(params['allowedValues'] as readonly string[]).join(', ')}`;
    case 'minimum':
      return `must be at least ${params['limit']}, is ${shown(data)}: raise it`;
    case 'maximum':
      return `must be at most ${params['limit']}, is ${shown(data)}: lower it`;
    case 'minLength':
      return params['limit'] === 1
        ? 'must not be empty: give it a value'
        : `must have at least ${params['limit']} characters`;
    case 'maxLength':
      return `must have at most ${params['limit']} characters, has ${[...String(data)].length}: shorten it`;
    case 'minItems':
      return params['limit'] === 1
        ? 'must have at least one item: add it'
        : `must have at least ${params['limit']} items: add what is missing`;
    case 'maxItems':
      return `must have at most ${params['limit']} items: remove some`;
    case 'minProperties':
      return `must name at least one of ${Object.keys((node as ObjectNode).properties).join(', ')}`;
    case 'pattern':
      return `${shown(data)} ${PATTERN_REMEDY[params['pattern']] ?? `does not match ${params['pattern']}: correct it`}`;
    case 'format':
      return `${shown(data)} ${FORMAT_REMEDY[String(params['format'])] ?? `is not of format ${params['format']}`}`;
    default:
      return error.message ?? keyword;
  }
};

const errorOf = (error: ErrorObject): AdmissionError => {
  const path = pathOf(error.instancePath);
  if (error.keyword !== 'required') return { path, message: messageOf(error) };
  const name = String(error.params['missingProperty']);
  const description = (error.parentSchema as ObjectNode).properties[name]?.description ?? '';
  return { path: child(path, name), message: `is required: ${firstSentence(description)}` };
};

const duplicateKeys = (node: ArrayNode, items: readonly unknown[], path: string): readonly AdmissionError[] => {
  const keys = node['x-kubernetes-list-map-keys'] ?? [];
  const seen = new Map<string, number>();
  return items.flatMap((item, index) => {
    if (!isJsonObject(item)) return [];
    const key = shown(keys.map((name) => item[name]));
    const first = seen.get(key);
    seen.set(key, first ?? index);
    if (first === undefined) return [];
    const at = child(element(path, index), keys.join(','));
    const value = keys.map((name) => shown(item[name])).join(', ');
    return [{ path: at, message: `${value} is already used by ${element(path, first)}: choose another` }];
  });
};

const duplicates = (node: SchemaNode, value: unknown, path: string): readonly AdmissionError[] => {
  if (node.type === 'array' && Array.isArray(value)) {
    const own = node['x-kubernetes-list-type'] === 'map' ? duplicateKeys(node, value, path) : [];
    return [...own, ...value.flatMap((item, index) => duplicates(node.items, item, element(path, index)))];
  }
  if (node.type === 'object' && isJsonObject(value)) {
    return Object.entries(node.properties).flatMap(([name, schema]) =>
      duplicates(schema, value[name], child(path, name)),
    );
  }
  return [];
};

/** Compiling takes longer than all other steps together, and the embedded mode admits a status every few seconds. */
const compiled = new WeakMap<ObjectNode, ValidateFunction>();

const validatorOf = (schema: ObjectNode): ValidateFunction => {
  const known = compiled.get(schema);
  if (known !== undefined) return known;
  const validate = newAjv().compile(schema);
  compiled.set(schema, validate);
  return validate;
};

/** A value of the wrong type also breaks its format and bounds; the first error of a field is enough. */
const firstOfEachField = (errors: readonly AdmissionError[]): readonly AdmissionError[] => {
  const seen = new Set<string>();
  return errors.filter(({ path }) => !seen.has(path) && seen.add(path));
};

/** Every way in which `value` violates the schema, except unknown fields (unknown-fields.ts). */
export const structuralErrors = (schema: ObjectNode, value: unknown): readonly AdmissionError[] => {
  const validate = validatorOf(schema);
  const errors = validate(value) ? [] : (validate.errors ?? []).map(errorOf);
  return firstOfEachField([...errors, ...duplicates(schema, value, '')]);
};
