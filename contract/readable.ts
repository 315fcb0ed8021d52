/**
 * Fields of a stored object that this code can't read, or would misread. The API server checked the object by the rules of the
 * release that was installed then: older rules accept more, newer ones know words that this version does not. Pure.
 *
 * | node               | can't be read when                                                  |
 * |--------------------|---------------------------------------------------------------------|
 * | date-time          | it has none of the forms of instant.ts                              |
 * | duration           | it does not have the form of duration.ts                            |
 * | integer, number    | JavaScript can't hold it, or it is below the minimum                |
 * | enum               | this version does not know the word                                 |
 * | any                | it is of another type, or required and missing                      |
 *
 * Lengths, upper bounds and rules between fields are not checked: they can't lead to a wrong reading.
 */
import { DURATION_PATTERN, DURATION_REMEDY, parseDurationMs } from './duration.ts';
import { INSTANT_REMEDY, parseInstant } from './instant.ts';
import type { NumberNode, SchemaNode, StringNode } from './schema/node.ts';
import { SCALE_PLAN, VOUCHER_CAMPAIGN } from './schema/schema.ts';
import { TIERS, tiersOf } from './tiers.ts';
import { isJsonObject } from './untrusted.ts';

export interface Unreadable {
  /** `spec.window.closesAt`. */
  readonly path: string;
  /** Rest of the sentence that begins with the path, with value and remedy. */
  readonly problem: string;
}

const MAX_SHOWN = 60;
const shown = (value: unknown): string => {
  const characters = [...(JSON.stringify(value) ?? String(value))];
  return characters.length <= MAX_SHOWN ? characters.join('') : `${characters.slice(0, MAX_SHOWN).join('')}…`;
};

const textProblem = (node: StringNode, value: unknown): string | undefined => {
  if (typeof value !== 'string') return `is ${shown(value)}, which is not text: put it in quotes`;
  if (node.format === 'date-time' && parseInstant(value) === undefined) {
    return `is ${shown(value)}, which is not an instant: ${INSTANT_REMEDY}`;
  }
  if (node.pattern === DURATION_PATTERN && !isDuration(value)) {
    return `is ${shown(value)}, which is not a duration: ${DURATION_REMEDY}`;
  }
  if (node.enum !== undefined && !node.enum.includes(value)) {
    return `is ${shown(value)}, which this version does not know: write one of ${node.enum.join(', ')}`;
  }
  return undefined;
};

const isDuration = (text: string): boolean => {
  try {
    return Number.isSafeInteger(parseDurationMs(text));
  } catch {
    return false;
  }
};

const numberProblem = ({ type, minimum }: NumberNode, value: unknown): string | undefined => {
  if (typeof value !== 'number' || !Number.isFinite(value)) return `is ${shown(value)}, which is not a number`;
  if (type === 'integer' && !Number.isSafeInteger(value))
    return `is ${shown(value)}, which is not a whole number up to 2^53`;
  return minimum !== undefined && value < minimum ? `is ${shown(value)}: raise it to at least ${minimum}` : undefined;
};

/** All unreadable fields, in the order of the schema. `null` counts as absent. */
export const unreadableIn = (node: SchemaNode, value: unknown, path: string): readonly Unreadable[] => {
  const problem = (text: string | undefined): readonly Unreadable[] =>
    text === undefined ? [] : [{ path, problem: text }];
  switch (node.type) {
    case 'string':
      return problem(textProblem(node, value));
    case 'integer':
    case 'number':
      return problem(numberProblem(node, value));
    case 'boolean':
      return problem(typeof value === 'boolean' ? undefined : `is ${shown(value)}: write true or false`);
    case 'array':
      return Array.isArray(value)
        ? value.flatMap((item, index) => unreadableIn(node.items, item, `${path}[${index}]`))
        : problem(`is ${shown(value)}, which is not a list`);
    case 'object':
      if (!isJsonObject(value)) return problem(`is ${shown(value)}, which is not an object`);
      return Object.entries(node.properties).flatMap(([name, child]) => {
        const here = path === '' ? name : `${path}.${name}`;
        const found = value[name] ?? undefined;
        if (found !== undefined) return unreadableIn(child, found, here);
        if (child.default !== undefined) {
          return [{ path: here, problem: 'is missing: state it, or update the CRDs, which fill it in (helm upgrade)' }];
        }
        return node.required?.includes(name) === true ? [{ path: here, problem: 'is missing: state it' }] : [];
      });
  }
};

/**
 * The readable part of a value: without unreadable fields and items, and without objects that require one of those. For what
 * the operator itself overwrites, such as a status that a newer version has written.
 */
export const readablePart = (node: SchemaNode, value: unknown): unknown => {
  if (unreadableIn(node, value, '').length === 0) return value;
  if (node.type === 'array' && Array.isArray(value)) {
    return value.map((item) => readablePart(node.items, item)).filter((item) => item !== undefined);
  }
  if (node.type !== 'object' || !isJsonObject(value)) return undefined;
  const parts = Object.entries(value).flatMap(([name, found]): readonly (readonly [string, unknown])[] => {
    const child = node.properties[name];
    const part = found === null ? undefined : child === undefined ? found : readablePart(child, found);
    return part === undefined ? [] : [[name, part]];
  });
  const names = new Set(parts.map(([name]) => name));
  return node.required?.every((name) => names.has(name)) === false ? undefined : Object.fromEntries(parts);
};

const known = new WeakMap<object, readonly Unreadable[]>();

type Part = 'spec' | 'status';

/**
 * Computed once per version of an object, because every tick asks.
 *
 * @param schema of the whole object
 * @param parts those that decisions depend on: of a plan also its status, which says whether it was approved in time
 */
const unreadableFields = (schema: SchemaNode, object: object, parts: readonly Part[]): readonly Unreadable[] => {
  const before = known.get(object);
  if (before !== undefined) return before;
  const properties = schema.type === 'object' ? schema.properties : {};
  const found = parts.flatMap((part) => {
    const [node, value] = [properties[part], Reflect.get(object, part) ?? undefined];
    return node === undefined || value === undefined ? [] : unreadableIn(node, value, part);
  });
  known.set(object, found);
  return found;
};

/**
 * Of the spec alone: the operator overwrites the status, and drops what it can't read there. Bounds and ceiling of a tier that the
 * campaign does not have are not read, so that an object of a release without that tier can be.
 */
export const unreadableInCampaign = (campaign: object): readonly Unreadable[] => {
  const found = unreadableFields(VOUCHER_CAMPAIGN.schema, campaign, ['spec']);
  if (found.length === 0) return found;
  const spec: unknown = Reflect.get(campaign, 'spec');
  const tiers = isJsonObject(spec) ? tiersOf(spec) : TIERS;
  const unused = TIERS.filter((tier) => !tiers.includes(tier));
  return found.filter(
    ({ path }) => !(path.startsWith('spec.scaling.') && unused.some((tier) => path.split('.').includes(tier))),
  );
};

/** A plan that can't be read grants nothing. */
export const unreadableInPlan = (plan: object): readonly Unreadable[] =>
  unreadableFields(SCALE_PLAN.schema, plan, ['spec', 'status']);

/** `spec.window.closesAt is …; spec.scaling.mode is …`, the first three. */
export const unreadableText = (fields: readonly Unreadable[]): string =>
  fields
    .slice(0, 3)
    .map(({ path, problem }) => `${path} ${problem}`)
    .join('; ') + (fields.length > 3 ? `; and ${fields.length - 3} more` : '');
