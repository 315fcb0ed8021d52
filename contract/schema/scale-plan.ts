/** `ScalePlan`: what the operator asks for when need exceeds what is authorised. Pure. */
import { conditions, dnsLabel, instant, localizedText, MAX_CAMPAIGN_NAME_LENGTH, wholeNumber } from './common.ts';
import type { ArrayNode, ObjectNode, StringNode, ValidationRule } from './node.ts';
import { partialCeilings } from './scaling.ts';

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

const outcome = (description: string): ObjectNode => ({
  type: 'object',
  description,
  required: ['waiting', 'late', 'waitP99Seconds'],
  typeHint: { name: 'PredictedOutcome', description: 'What the simulator says of the minutes that follow.' },
  properties: {
    waiting: wholeNumber('Citizens who are not recorded yet at the end.'),
    late: wholeNumber('Citizens who wait, or have waited, for more than 5 seconds.'),
    waitP99Seconds: wholeNumber('Seconds that 99 of 100 wait at most, those included who still wait at the end.'),
    drainedAfterSeconds: wholeNumber('Seconds after which nobody waits any more. Absent: somebody does at the end.'),
  },
});

const effect: ObjectNode = {
  type: 'object',
  description: 'What the simulator predicts, from what was measured or forecast when the plan was made.',
  required: ['seconds', 'arrivalsPerSecond', 'without', 'with'],
  properties: {
    seconds: wholeNumber('How far the prediction reaches: from now, or for a Forecast from opening.'),
    arrivalsPerSecond: wholeNumber('Arrivals per second that it assumes throughout.'),
    without: outcome('At the ceilings in force.'),
    with: outcome('At the ceilings asked for, granted at once.'),
  },
};

const means: ObjectNode = {
  type: 'object',
  description: 'What it takes, at most: all the replicas that are asked for, as long as they are likely to be used.',
  required: ['hours', 'podHours'],
  properties: {
    hours: { type: 'number', description: 'Hours that are counted.', minimum: 0 },
    podHours: { type: 'number', description: 'Hours of pods above the ceilings in force.', minimum: 0 },
    costFen: wholeNumber('Their cost in fen, by spec.scaling.podHourFen of the campaign. Absent: no price is given.'),
    nodes: wholeNumber('Nodes that they need, by how many of such pods share a node now. Absent: not known.'),
    quota: {
      type: 'array',
      description: 'What ResourceQuotas would have to allow in addition. Absent: none is known to stand in the way.',
      maxItems: 16,
      'x-kubernetes-list-type': 'atomic',
      items: {
        type: 'object',
        description: 'One resource of one quota.',
        required: ['quota', 'resource', 'amount'],
        properties: {
          quota: { type: 'string', description: 'Name of the ResourceQuota.', minLength: 1, maxLength: 253 },
          resource: { type: 'string', description: 'As the quota names it.', minLength: 1, maxLength: 253 },
          amount: { type: 'number', description: 'In base units: cores, bytes, pieces.', minimum: 0 },
        },
      },
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

const revocation: ObjectNode = {
  type: 'object',
  description:
    'That an approval ends before its time. Written once, by a person with the verb authorize on scaleplans; the lifted ceilings end at once.',
  required: ['revokedBy', 'reason'],
  properties: {
    revokedBy: person('User name, as the API server knows it, of whoever revoked the approval.'),
    onBehalfOf: person('Authority for which that person acted.'),
    reference: person('File number or ticket under which the revocation is kept.'),
    reason: { type: 'string', description: 'Why, for the audit trail.', minLength: 1, maxLength: 1024 },
  },
};

const FIXED = ['campaignName', 'campaignId', 'reason', 'ceilings', 'evidence', 'expiresAt'] as const;
const FIXED_OPTIONAL = ['effect', 'means', 'summary'] as const;

const fixedRule = (field: (typeof FIXED)[number] | (typeof FIXED_OPTIONAL)[number]): ValidationRule => ({
  rule: FIXED_OPTIONAL.some((optional) => optional === field)
    ? `has(self.${field}) == has(oldSelf.${field}) && (!has(self.${field}) || self.${field} == oldSelf.${field})`
    : `self.${field} == oldSelf.${field}`,
  message: `${field} of a ScalePlan is immutable: restore the old value; only decision and revocation can be added, and the operator proposes another plan when need changes`,
  fieldPath: `.${field}`,
  reason: 'FieldValueForbidden',
});

export const scalePlanSpec: ObjectNode = {
  type: 'object',
  description: 'What the operator asks for. Immutable except decision and revocation, each of which is written once.',
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
    effect,
    means,
    summary: localizedText('The plan in one sentence or two, for whoever decides on a telephone.', 512),
    decision,
    revocation,
  },
  'x-kubernetes-validations': [
    ...[...FIXED, ...FIXED_OPTIONAL].map(fixedRule),
    {
      rule: '!has(oldSelf.decision) || (has(self.decision) && self.decision == oldSelf.decision)',
      message:
        'decision is written once: restore the first decision; revocation ends an approval early, and the operator proposes another plan while need remains',
      fieldPath: '.decision',
      reason: 'FieldValueForbidden',
    },
    {
      rule: "!has(self.revocation) || (has(self.decision) && self.decision.verdict == 'Approved')",
      message: 'revocation ends an approval, and there is none: remove it, or decide with verdict Rejected',
      fieldPath: '.revocation',
      reason: 'FieldValueForbidden',
    },
    {
      rule: '!has(self.revocation) || !has(self.decision) || has(oldSelf.decision)',
      message: 'revocation comes together with the decision that it would end: remove it, or set verdict to Rejected',
      fieldPath: '.revocation',
      reason: 'FieldValueForbidden',
    },
    {
      rule: '!has(oldSelf.revocation) || (has(self.revocation) && self.revocation == oldSelf.revocation)',
      message: 'revocation is written once: restore it; the operator proposes another plan while need remains',
      fieldPath: '.revocation',
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
      description:
        'Summary for people: Pending, Approved, Rejected, Expired, Superseded by one that asks for more, Revoked, or Void: decided on when it was no longer open.',
      maxLength: 32,
    },
    decidedAt: instant('When the API server took the decision. Later than expiresAt: it does not count.'),
    revokedAt: instant('When the API server took the revocation.'),
    reminded: {
      type: 'string',
      description: 'How long before opening the owner was last reminded: 24h, 2h or 30m.',
      maxLength: 8,
    },
    conditions: conditions('Conditions of the plan, one per type.'),
  },
};
