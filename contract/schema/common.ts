/** Schema parts that both resources use. Pure. */
import { DURATION_PATTERN } from '../duration.ts';
import { INSTANT_PATTERN } from '../instant.ts';
import type { ArrayNode, NumberNode, ObjectNode, StringNode } from './node.ts';

/** Lower-case letters, digits and "-", starting with a letter: what Services can be named. */
export const DNS_LABEL_PATTERN = '^[a-z]([-a-z0-9]*[a-z0-9])?$';

/** Longest campaign name: `<name>-verification` must still be a Service name (63 characters). */
export const MAX_CAMPAIGN_NAME_LENGTH = 50;

export const dnsLabel = (description: string, maxLength: number): StringNode => ({
  type: 'string',
  description,
  minLength: 1,
  maxLength,
  pattern: DNS_LABEL_PATTERN,
});

/** Names of Secrets are DNS subdomains: dots are allowed, and a digit may come first. */
export const secretName = (description: string): StringNode => ({
  type: 'string',
  description,
  minLength: 1,
  maxLength: 253,
  pattern: '^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$',
});

/**
 * An instant with its offset. Kubernetes hands `date-time` to CEL as a timestamp, so rules compare instants, not text; and
 * a rule therefore can't see how it was written, which the pattern does.
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
 * `field` is what the message calls it, e.g. `scaling.drainWithin`.
 */
export const duration = (
  field: string,
  description: string,
  bounds: { readonly default: string; readonly atLeast: string; readonly atMost: string },
): StringNode => ({
  type: 'string',
  description,
  default: bounds.default,
  minLength: 2,
  maxLength: 12,
  pattern: DURATION_PATTERN,
  'x-kubernetes-validations': [
    {
      rule: `duration(self) >= duration('${bounds.atLeast}') && duration(self) <= duration('${bounds.atMost}')`,
      message: `${field} is outside ${bounds.atLeast} to ${bounds.atMost}: write a duration within, such as ${bounds.default}`,
    },
  ],
});

export const localizedText = (description: string, maxLength: number): ObjectNode => ({
  type: 'object',
  description,
  required: ['zh-CN', 'en'],
  properties: {
    'zh-CN': { type: 'string', description: 'Text in simplified Chinese, shown first.', minLength: 1, maxLength },
    en: { type: 'string', description: 'Text in English.', minLength: 1, maxLength },
  },
  typeHint: { name: 'LocalizedText', from: './app-contract.ts' },
});

/** The top of every object. The API server itself validates these; only the name's form and length are ours. */
export const objectHead = (resource: string, name: StringNode): ObjectNode['properties'] => ({
  apiVersion: {
    type: 'string',
    description: 'Version of this representation: voucher-operator.io/v1alpha1.',
    maxLength: 253,
  },
  kind: { type: 'string', description: `Kind of this object: ${resource}.`, maxLength: 63 },
  metadata: {
    type: 'object',
    description: 'Name, namespace, labels and annotations, as on every Kubernetes object.',
    properties: { name },
  },
});

const conditionReason: StringNode = {
  type: 'string',
  description: 'Why the condition has its status: one stable CamelCase word that alerts may match.',
  minLength: 1,
  maxLength: 1024,
  pattern: '^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$',
};

/** `metav1.Condition`, with its bounds. */
export const conditions = (description: string): ArrayNode => ({
  type: 'array',
  description,
  maxItems: 32,
  'x-kubernetes-list-type': 'map',
  'x-kubernetes-list-map-keys': ['type'],
  items: {
    type: 'object',
    description: 'Condition is one observed aspect of the object.',
    typeHint: { name: 'Condition' },
    required: ['type', 'status', 'reason', 'message', 'lastTransitionTime'],
    properties: {
      type: {
        type: 'string',
        description: 'Name of the aspect, such as Ready or JournalDurable.',
        minLength: 1,
        maxLength: 64,
        pattern: '^[A-Za-z]([A-Za-z0-9]*)$',
      },
      status: { type: 'string', description: 'True, False or Unknown.', enum: ['True', 'False', 'Unknown'] },
      reason: conditionReason,
      message: {
        type: 'string',
        description: 'What was seen and what to do about it, for people.',
        maxLength: 4096,
      },
      lastTransitionTime: instant('When status last changed between True, False and Unknown.'),
      observedGeneration: observedGeneration('Value of metadata.generation that this condition was computed from.'),
    },
  },
});

export function observedGeneration(description: string): NumberNode {
  return wholeNumber(description);
}

/** Not negative, and no more than a number of JavaScript holds exactly. */
export function wholeNumber(description: string): NumberNode {
  return { type: 'integer', format: 'int64', description, minimum: 0, maximum: Number.MAX_SAFE_INTEGER };
}
