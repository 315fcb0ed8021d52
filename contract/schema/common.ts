/** Schema parts that several sections use. Pure. */
import { DURATION_PATTERN } from '../duration.ts';
import { INSTANT_PATTERN } from '../instant.ts';
import type { ArrayNode, NumberNode, ObjectNode, StringNode, ValidationRule } from './node.ts';

/** Lower-case letters, digits and "-", starting with a letter: what Services can be named. */
export const DNS_LABEL_PATTERN = '^[a-z]([-a-z0-9]*[a-z0-9])?$';

/** Longest campaign name: `<name>-verification` must still be a Service name (63 characters). */
export const MAX_CAMPAIGN_NAME_LENGTH = 50;

export const text = (description: string, maxLength: number, minLength?: number): StringNode => ({
  type: 'string',
  description,
  ...(minLength === undefined ? {} : { minLength }),
  maxLength,
});

export const dnsLabel = (description: string, maxLength: number): StringNode => ({
  ...text(description, maxLength, 1),
  pattern: DNS_LABEL_PATTERN,
});

/** Names of Secrets are DNS subdomains: dots are allowed, and a digit may come first. */
export const secretName = (description: string): StringNode => ({
  ...text(description, 253, 1),
  pattern: '^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$',
});

export const choice = (description: string, words: readonly string[], byDefault?: string): StringNode => ({
  type: 'string',
  description,
  enum: words,
  ...(byDefault === undefined ? {} : { default: byDefault }),
});

/** A whole number of 32 bits within inclusive bounds. */
export const int32 = (
  description: string,
  [minimum, maximum]: readonly [number, number],
  byDefault?: number,
): NumberNode => ({
  type: 'integer',
  format: 'int32',
  description,
  minimum,
  maximum,
  ...(byDefault === undefined ? {} : { default: byDefault }),
});

/** Not negative, and no more than a number of JavaScript holds exactly. */
export const wholeNumber = (description: string): NumberNode => ({
  type: 'integer',
  format: 'int64',
  description,
  minimum: 0,
  maximum: Number.MAX_SAFE_INTEGER,
});

/** A measured or computed number: not negative. */
export const measure = (description: string): NumberNode => ({ type: 'number', description, minimum: 0 });

/** An object that may be left out: the defaults inside it apply all the same. */
export const section = (description: string, properties: ObjectNode['properties']): ObjectNode => ({
  type: 'object',
  description,
  default: {},
  properties,
});

/** A list whose items are merged by one of their fields. */
export const listByKey = (key: string, description: string, maxItems: number, items: ObjectNode): ArrayNode => ({
  type: 'array',
  description,
  maxItems,
  'x-kubernetes-list-type': 'map',
  'x-kubernetes-list-map-keys': [key],
  items,
});

/** A list that a write replaces as a whole. */
export const wholeList = (description: string, maxItems: number, items: ObjectNode): ArrayNode => ({
  type: 'array',
  description,
  maxItems,
  'x-kubernetes-list-type': 'atomic',
  items,
});

/** @param field relative to the node, such as `.closesAt` */
export const rule = (
  field: string,
  expression: string,
  message: string,
  reason?: ValidationRule['reason'],
): ValidationRule => ({
  rule: expression,
  message,
  fieldPath: field,
  ...(reason === undefined ? {} : { reason }),
});

/**
 * An instant with its offset. Kubernetes hands `date-time` to CEL as a timestamp, so rules compare instants, not text. A rule
 * therefore can't see how the instant was written; the pattern can.
 */
export const instant = (description: string): StringNode => ({
  type: 'string',
  format: 'date-time',
  description,
  maxLength: 40,
  pattern: INSTANT_PATTERN,
});

/**
 * A duration with inclusive bounds. 12 characters hold every sensible value and keep the rule's cost small.
 * @param field what the message calls it, such as `scaling.drainWithin`
 */
export const duration = (
  field: string,
  description: string,
  [atLeast, atMost]: readonly [string, string],
  example: string,
): StringNode => ({
  type: 'string',
  description,
  minLength: 2,
  maxLength: 12,
  pattern: DURATION_PATTERN,
  'x-kubernetes-validations': [
    {
      rule: `duration(self) >= duration('${atLeast}') && duration(self) <= duration('${atMost}')`,
      message: `${field} is not between ${atLeast} and ${atMost}: write a duration such as ${example}`,
    },
  ],
});

/** One that has a default, which its message gives as the example. */
export const defaultDuration = (
  field: string,
  description: string,
  bounds: readonly [string, string],
  byDefault: string,
): StringNode => ({ ...duration(field, description, bounds, byDefault), default: byDefault });

export const localizedText = (description: string, maxLength: number): ObjectNode => ({
  type: 'object',
  description,
  required: ['zh-CN', 'en'],
  properties: {
    'zh-CN': text('Text in simplified Chinese, shown first.', maxLength, 1),
    en: text('Text in English.', maxLength, 1),
  },
  typeHint: { name: 'LocalizedText', from: '../app-contract.ts' },
});

/** The top of every object. The API server itself validates these; only the name's form and length are ours. */
export const objectHead = (resource: string, name: StringNode): ObjectNode['properties'] => ({
  apiVersion: text('Version of this representation: voucher-operator.io/v1alpha1.', 253),
  kind: text(`Kind of this object: ${resource}.`, 63),
  metadata: {
    type: 'object',
    description: 'Name, namespace, labels and annotations, as on every Kubernetes object.',
    properties: { name },
  },
});
