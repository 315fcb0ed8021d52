/** `ScalePlan`: what the operator asks for when need exceeds what is authorised. Pure. */
import { conditions, dnsLabel, instant, MAX_CAMPAIGN_NAME_LENGTH } from './schema-common.ts';
import type { ArrayNode, ObjectNode, StringNode, ValidationRule } from './schema-node.ts';
import { partialCeilings } from './schema-scaling.ts';

const person = (description: string): StringNode => ({ type: 'string', description, minLength: 1, maxLength: 253 });

const evidence: ArrayNode = {
  type: 'array',
  description: 'Signals that the proposal rests on, each with its age.',
  minItems: 1,
  maxItems: 16,
  'x-kubernetes-list-type': 'atomic',
  items: {
    type: 'object',
    description: 'Signal is one measured or forecast number.',
    required: ['signal', 'value', 'ageSeconds'],
    properties: {
      signal: {
        type: 'string',
        description: 'Name with unit, such as arrivalsPerSecond.',
        minLength: 1,
        maxLength: 63,
      },
      value: { type: 'number', description: 'Value in the unit that the name states.' },
      ageSeconds: { type: 'number', description: 'Age in seconds when the plan was made.', minimum: 0 },
    },
  },
};

const decision: ObjectNode = {
  type: 'object',
  description: 'What the owner decided. Written once, by a person with the verb authorize on scaleplans.',
  required: ['verdict', 'decidedBy'],
  properties: {
    verdict: {
      type: 'string',
      description: 'Approved lifts the ceilings until ceilingUntil; Rejected leaves them.',
      enum: ['Approved', 'Rejected'],
    },
    decidedBy: person('User name, as the API server knows it, of whoever decided.'),
    onBehalfOf: person('Authority for which that person acted.'),
    reference: person('File number or ticket under which the decision is kept.'),
    reason: { type: 'string', description: 'Why. Required for Rejected.', minLength: 1, maxLength: 1024 },
    ceilingUntil: instant('Instant at which the lifted ceilings end. Required for Approved, absent for Rejected.'),
  },
  'x-kubernetes-validations': [
    {
      rule: "self.verdict != 'Approved' || has(self.ceilingUntil)",
      message: 'decision.ceilingUntil is missing: state when the approved ceilings end',
      fieldPath: '.ceilingUntil',
      reason: 'FieldValueRequired',
    },
    {
      rule: "self.verdict != 'Rejected' || !has(self.ceilingUntil)",
      message: 'decision.ceilingUntil has no effect on a rejected plan: remove it, or set verdict to Approved',
      fieldPath: '.ceilingUntil',
    },
    {
      rule: "self.verdict != 'Rejected' || has(self.reason)",
      message: 'decision.reason is missing: state why the plan is rejected, for the audit trail',
      fieldPath: '.reason',
      reason: 'FieldValueRequired',
    },
  ],
};

const FIXED = ['campaignName', 'campaignId', 'reason', 'ceilings', 'evidence', 'expiresAt'] as const;

const fixedRule = (field: (typeof FIXED)[number]): ValidationRule => ({
  rule: `self.${field} == oldSelf.${field}`,
  message: `${field} of a ScalePlan is immutable: restore the old value; only decision can be added, and the operator proposes another plan when need changes`,
  fieldPath: `.${field}`,
  reason: 'FieldValueForbidden',
});

export const scalePlanSpec: ObjectNode = {
  type: 'object',
  description: 'What the operator asks for. Immutable except decision, which is written once.',
  required: [...FIXED],
  typeHint: { name: 'ScalePlanSpec' },
  properties: {
    campaignName: dnsLabel('Name of the VoucherCampaign in the same namespace.', MAX_CAMPAIGN_NAME_LENGTH),
    campaignId: dnsLabel('Identity of that campaign, its campaignId; the plan outlives the object.', 40),
    reason: {
      type: 'string',
      description:
        'Why more is needed: Load, the crowd is there; Forecast, the floor before opening exceeds the ceiling.',
      enum: ['Load', 'Forecast'],
    },
    ceilings: partialCeilings('Ceilings asked for; tiers that are left out stay as they are.'),
    evidence,
    expiresAt: instant(
      'Instant after which a decision has no effect; the operator then proposes anew if need remains.',
    ),
    decision,
  },
  'x-kubernetes-validations': [
    ...FIXED.map(fixedRule),
    {
      rule: '!has(oldSelf.decision) || (has(self.decision) && self.decision == oldSelf.decision)',
      message:
        'decision is written once: restore the first decision; to change course, lower or raise authorized.ceilings of the campaign',
      fieldPath: '.decision',
      reason: 'FieldValueForbidden',
    },
  ],
};

export const scalePlanStatus: ObjectNode = {
  type: 'object',
  description: 'What became of the plan; written by the operator only.',
  typeHint: { name: 'ScalePlanStatus' },
  properties: {
    state: {
      type: 'string',
      description: 'Summary for people: Pending, Approved, Rejected or Expired.',
      maxLength: 32,
    },
    conditions: conditions('Conditions of the plan, one per type.'),
  },
};
