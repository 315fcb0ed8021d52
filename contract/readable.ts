/**
 * What of an object this code would read otherwise than it was meant, or not at all. The API server has checked it, by the
 * rules of the day when it was written: older ones let more pass, newer ones know words that this version does not. Pure.
 *
 * | node               | can't be read when                                                  |
 * |--------------------|---------------------------------------------------------------------|
 * | date-time          | it is of no form that is read (instant.ts)                             |
 * | duration           | it is not of the one form (duration.ts)                             |
 * | integer, number    | JavaScript can't hold it, or it is below the minimum that is counted with |
 * | enum               | this version does not know the word                                 |
 * | any                | it is of another type, or required and missing                      |
 *
 * Lengths, upper bounds and rules between fields are not looked at: nothing is read otherwise because of them.
 */
import { DURATION_PATTERN, DURATION_REMEDY, parseDurationMs } from './duration.ts';
import { INSTANT_REMEDY, parseInstant } from './instant.ts';
import type { NumberNode, SchemaNode, StringNode } from './schema/node.ts';
import { SCALE_PLAN, VOUCHER_CAMPAIGN } from './schema/schema.ts';

export interface Unreadable {
  /** `spec.window.closesAt`. */
  readonly path: string;
  /** Completes the sentence that begins with the path; the value and the remedy are in it. */
  readonly problem: string;
}

const MAX_SHOWN = 60;
const shown = (value: unknown): string => {
  const characters = [...(JSON.stringify(value) ?? String(value))];
  return characters.length <= MAX_SHOWN ? characters.join('') : `${characters.slice(0, MAX_SHOWN).join('')}…`;
};

const textProblem = (node: StringNode, value: unknown): string | undefined => {
  if (typeof value !== 'string') return `is ${shown(value)}, which is no text: put it in quotes`;
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
  if (typeof value !== 'number' || !Number.isFinite(value)) return `is ${shown(value)}, which is no number`;
  if (type === 'integer' && !Number.isSafeInteger(value))
    return `is ${shown(value)}, which is no whole number up to 2^53`;
  return minimum !== undefined && value < minimum ? `is ${shown(value)}: raise it to at least ${minimum}` : undefined;
};

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** All of it, in the order of the schema. `null` is what is not there. */
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
        : problem(`is ${shown(value)}, which is no list`);
    case 'object':
      if (!isObject(value)) return problem(`is ${shown(value)}, which is no object`);
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
 * What can be read of a value: without fields and items that can't, and without an object that needs one of those. For what
 * the operator itself writes anew, such as a status that a newer version left behind.
 */
export const readablePart = (node: SchemaNode, value: unknown): unknown => {
  if (unreadableIn(node, value, '').length === 0) return value;
  if (node.type === 'array' && Array.isArray(value)) {
    return value.map((item) => readablePart(node.items, item)).filter((item) => item !== undefined);
  }
  if (node.type !== 'object' || !isObject(value)) return undefined;
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
 * Looked at once per version of an object: a tick a second asks.
 *
 * @param schema of the whole object
 * @param parts what is decided by: of a plan also its status, which says who approved it
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

/** The status of a campaign is the operator's own, and judged by nobody: what can't be read of it is not kept. */
export const unreadableInCampaign = (campaign: object): readonly Unreadable[] =>
  unreadableFields(VOUCHER_CAMPAIGN.schema, campaign, ['spec']);

/** A plan that can't be read grants nothing. */
export const unreadableInPlan = (plan: object): readonly Unreadable[] =>
  unreadableFields(SCALE_PLAN.schema, plan, ['spec', 'status']);

/** `spec.window.closesAt is …; spec.scaling.mode is …`, the first three. */
export const unreadableText = (fields: readonly Unreadable[]): string =>
  fields
    .slice(0, 3)
    .map(({ path, problem }) => `${path} ${problem}`)
    .join('; ') + (fields.length > 3 ? `; and ${fields.length - 3} more` : '');
