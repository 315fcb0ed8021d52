/** `ScalePlan`: what the operator asks for when it needs more than is authorised. Pure. */
import {
  choice,
  dnsLabel,
  instant,
  localizedText,
  MAX_CAMPAIGN_NAME_LENGTH,
  measure,
  rule,
  text,
  wholeList,
  wholeNumber,
} from './common.ts';
import type { ArrayNode, ObjectNode, StringNode, ValidationRule } from './node.ts';
import { partialCeilings } from './scaling.ts';

const name = (description: string): StringNode => text(description, 253, 1);

const evidence: ArrayNode = {
  ...wholeList('Metrics that the proposal is based on, each with its age.', 16, {
    type: 'object',
    description: 'One measured or forecast metric.',
    required: ['signal', 'value', 'ageSeconds'],
    properties: {
      signal: text('Name with unit, such as firstAttemptsPerSecondOver3s.', 63, 1),
      value: { type: 'number', description: 'Value in the unit that the name states.' },
      ageSeconds: measure('Age in seconds when the plan was made.'),
    },
  }),
  minItems: 1,
};

const outcome = (description: string): ObjectNode => ({
  type: 'object',
  description,
  required: ['waiting', 'late', 'waitP99Seconds'],
  typeHint: { name: 'PredictedOutcome', description: 'What the simulator predicts for the minutes that follow.' },
  properties: {
    waiting: wholeNumber('Citizens whose registration is not yet in the database at the end.'),
    late: wholeNumber('Citizens who wait longer than 5 seconds, or have done so.'),
    waitP99Seconds: wholeNumber(
      'Seconds that 99 of 100 citizens wait at most, including those who still wait at the end.',
    ),
    drainedAfterSeconds: wholeNumber(
      'Seconds after which no citizen waits any more. Absent: some still wait at the end.',
    ),
  },
});

const effect: ObjectNode = {
  type: 'object',
  description: 'What the simulator predicts, from what was measured or forecast when the plan was made.',
  required: ['seconds', 'arrivalsPerSecond', 'without', 'with'],
  properties: {
    seconds: wholeNumber('Length of the prediction in seconds: from now, or for a Forecast from opening.'),
    arrivalsPerSecond: wholeNumber(
      'First attempts per second that the prediction assumes throughout; for a Forecast, its peak arrivals.',
    ),
    without: outcome('Prediction with the ceilings in force.'),
    with: outcome('Prediction with the ceilings asked for, granted at once.'),
  },
};

const means: ObjectNode = {
  type: 'object',
  description:
    'The most that the plan can use: all replicas that it asks for, for the whole time in which they are likely to be used.',
  required: ['hours', 'podHours'],
  properties: {
    hours: measure('Hours that are counted.'),
    podHours: measure('Pod-hours above the ceilings in force.'),
    costFen: wholeNumber(
      'Cost of those pod-hours in fen, at the price in spec.scaling.podHourFen of the campaign. Absent: no price is stated.',
    ),
    nodes: wholeNumber(
      'Additional nodes for the pods, estimated from how many such pods share a node now. Absent: unknown.',
    ),
    quota: wholeList(
      'What ResourceQuotas would have to allow in addition. Absent: no quota is known to be too small.',
      16,
      {
        type: 'object',
        description: 'One resource of one ResourceQuota.',
        required: ['quota', 'resource', 'amount'],
        properties: {
          quota: name('Name of the ResourceQuota.'),
          resource: name('Resource, as the ResourceQuota names it.'),
          amount: measure('Amount in base units: cores, bytes, objects.'),
        },
      },
    ),
  },
};

const decision: ObjectNode = {
  type: 'object',
  description: 'Decision of the owner. Written once, by a person with the verb authorize on scaleplans.',
  required: ['verdict', 'decidedBy'],
  properties: {
    verdict: choice('Approved: the ceilings are raised until ceilingUntil. Rejected: they stay as they are.', [
      'Approved',
      'Rejected',
    ]),
    decidedBy: name('User name of the person who decided, as the API server knows it.'),
    onBehalfOf: name('Authority for which that person acted.'),
    reference: name('File number or ticket of the decision.'),
    reason: text('Why. Required for Rejected.', 1024, 1),
    ceilingUntil: instant('When the raised ceilings end. Required for Approved, absent for Rejected.'),
  },
  'x-kubernetes-validations': [
    rule(
      '.ceilingUntil',
      "self.verdict != 'Approved' || has(self.ceilingUntil)",
      'decision.ceilingUntil is missing: state when the approved ceilings end',
      'FieldValueRequired',
    ),
    rule(
      '.ceilingUntil',
      "self.verdict != 'Rejected' || !has(self.ceilingUntil)",
      'decision.ceilingUntil has no effect on a rejected plan: remove it, or set verdict to Approved',
    ),
    rule(
      '.reason',
      "self.verdict != 'Rejected' || has(self.reason)",
      'decision.reason is missing: state why the plan is rejected, for the audit trail',
      'FieldValueRequired',
    ),
  ],
};

const revocation: ObjectNode = {
  type: 'object',
  description:
    'Ends an approval early. Written once, by a person with the verb authorize on scaleplans; the raised ceilings end at once.',
  required: ['revokedBy', 'reason'],
  properties: {
    revokedBy: name('User name of the person who revoked the approval, as the API server knows it.'),
    onBehalfOf: name('Authority for which that person acted.'),
    reference: name('File number or ticket of the revocation.'),
    reason: text('Why, for the audit trail.', 1024, 1),
  },
};

const FIXED = ['campaignName', 'campaignId', 'reason', 'ceilings', 'evidence', 'expiresAt'] as const;
const FIXED_OPTIONAL = ['effect', 'means', 'summary'] as const;

const fixedRule = (field: (typeof FIXED)[number] | (typeof FIXED_OPTIONAL)[number]): ValidationRule =>
  rule(
    `.${field}`,
    FIXED_OPTIONAL.some((optional) => optional === field)
      ? `has(self.${field}) == has(oldSelf.${field}) && (!has(self.${field}) || self.${field} == oldSelf.${field})`
      : `self.${field} == oldSelf.${field}`,
    `${field} of a ScalePlan is immutable: restore the old value; only decision and revocation can be added, and the operator proposes another plan when the need changes`,
    'FieldValueForbidden',
  );

export const scalePlanSpec: ObjectNode = {
  type: 'object',
  description: 'What the operator asks for. Immutable except decision and revocation, each of which is written once.',
  required: [...FIXED],
  typeHint: { name: 'ScalePlanSpec' },
  properties: {
    campaignName: dnsLabel('Name of the VoucherCampaign in the same namespace.', MAX_CAMPAIGN_NAME_LENGTH),
    campaignId: dnsLabel(
      'The campaignId of that campaign. It still names the campaign when its object has been deleted.',
      40,
    ),
    reason: choice(
      'Why more is needed. Load: citizens are arriving now. Forecast: the replicas that the forecast needs before opening ' +
        'exceed the ceiling.',
      ['Load', 'Forecast'],
    ),
    ceilings: partialCeilings('Ceilings asked for; a tier that is left out stays unchanged.'),
    evidence,
    expiresAt: instant(
      'When the plan expires. A later decision has no effect; the operator then proposes another plan if the need remains.',
    ),
    effect,
    means,
    summary: localizedText('The plan in a few sentences, for a person who decides on a phone.', 512),
    decision,
    revocation,
  },
  'x-kubernetes-validations': [
    ...[...FIXED, ...FIXED_OPTIONAL].map(fixedRule),
    rule(
      '.decision',
      '!has(oldSelf.decision) || (has(self.decision) && self.decision == oldSelf.decision)',
      'decision is written once: restore the first decision; a revocation ends an approval early, and the operator proposes another plan while the need remains',
      'FieldValueForbidden',
    ),
    rule(
      '.revocation',
      "!has(self.revocation) || (has(self.decision) && self.decision.verdict == 'Approved')",
      'revocation ends an approval, and this plan has none: remove it, or decide with verdict Rejected',
      'FieldValueForbidden',
    ),
    rule(
      '.revocation',
      '!has(self.revocation) || !has(self.decision) || has(oldSelf.decision)',
      'revocation was added together with the decision that it would end: remove it, or set verdict to Rejected',
      'FieldValueForbidden',
    ),
    rule(
      '.revocation',
      '!has(oldSelf.revocation) || (has(self.revocation) && self.revocation == oldSelf.revocation)',
      'revocation is written once: restore it; the operator proposes another plan while the need remains',
      'FieldValueForbidden',
    ),
  ],
};

export const scalePlanStatus: ObjectNode = {
  type: 'object',
  description: 'State of the plan; written by the operator only.',
  typeHint: { name: 'ScalePlanStatus' },
  properties: {
    state: text(
      'Summary for people: Pending, Approved, Rejected, Expired, Superseded (another plan asks for more), Revoked, or Void (decided after the plan had expired).',
      32,
    ),
    decidedAt: instant(
      'When the API server accepted the decision. If it is later than expiresAt, the decision does not count.',
    ),
    revokedAt: instant('When the API server accepted the revocation.'),
    reminded: text('How long before opening the owner was last reminded: 24h, 2h or 30m.', 8),
  },
};
