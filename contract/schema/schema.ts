/**
 * Both custom resources as data: the one source of `crds/*.yaml` and `types.ts` (`npm run generate`). Pure.
 *
 * CEL has no clock. "After opening" is `status.openedAt`, which the operator writes once; a rule at the root sees it
 * through `oldSelf`, so a patch that clears status in the same request does not unlock anything.
 */
import { campaignSpec } from './campaign.ts';
import { dnsLabel, MAX_CAMPAIGN_NAME_LENGTH, objectHead } from './common.ts';
import type { ResourceDefinition, ValidationRule } from './node.ts';
import { scalePlanSpec, scalePlanStatus } from './scale-plan.ts';
import { campaignStatus, UNSEEN_STATUS } from './status.ts';

const BEFORE_OPENING = '!(has(oldSelf.status) && has(oldSelf.status.openedAt))';

/** `path` below spec, e.g. `window.opensAt`. */
const fixedAfterOpening = (path: string, why: string): ValidationRule => ({
  rule: `${BEFORE_OPENING} || self.spec.${path} == oldSelf.spec.${path}`,
  message: `spec.${path} is fixed once the campaign has opened, because ${why}: restore the old value, or create another VoucherCampaign with another campaignId`,
  fieldPath: `.spec.${path}`,
  reason: 'FieldValueForbidden',
});

export const VOUCHER_CAMPAIGN: ResourceDefinition = {
  kind: 'VoucherCampaign',
  plural: 'vouchercampaigns',
  singular: 'vouchercampaign',
  shortName: 'vcamp',
  columns: [
    { name: 'Stage', type: 'string', jsonPath: '.status.stage', description: 'Summary of where the campaign is.' },
    { name: 'Opens', type: 'string', jsonPath: '.spec.window.opensAt', description: 'First instant of registration.' },
    { name: 'Rate/s', type: 'number', jsonPath: '.status.arrivalsPerSecond', description: 'Arrivals per second.' },
    { name: 'Backlog', type: 'integer', jsonPath: '.status.backlog', description: 'Not yet in the database.' },
    { name: 'Wait', type: 'number', jsonPath: '.status.oldestSeconds', description: 'Age in seconds of the oldest.' },
    { name: 'Intake', type: 'string', jsonPath: '.status.intake', description: 'Replicas ready/desired/ceiling.' },
    { name: 'Plan', type: 'string', jsonPath: '.status.plan', description: 'ScalePlan that waits for a decision.' },
    {
      name: 'OK',
      type: 'string',
      jsonPath: '.status.conditions[?(@.type=="Ready")].status',
      description: 'Status of condition Ready.',
    },
    { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp', description: 'Age of the object.' },
  ],
  unseenStatus: UNSEEN_STATUS,
  schema: {
    type: 'object',
    description:
      'VoucherCampaign is a city’s e-voucher campaign: who may register when, for what, and with what means.',
    required: ['spec'],
    properties: {
      ...objectHead(
        'VoucherCampaign',
        dnsLabel(
          'Name of the campaign in Kubernetes: lower-case letters, digits and "-", starting with a letter, at most ' +
            `${MAX_CAMPAIGN_NAME_LENGTH} characters, because Services and Deployments are named after it.`,
          MAX_CAMPAIGN_NAME_LENGTH,
        ),
      ),
      spec: campaignSpec,
      status: campaignStatus,
    },
    'x-kubernetes-validations': [
      fixedAfterOpening('window.opensAt', 'citizens registered on the strength of it'),
      fixedAfterOpening('identity', 'registrations were accepted under it'),
      fixedAfterOpening('eligibility', 'registrations were accepted under it'),
      fixedAfterOpening('vouchers', 'citizens registered for them'),
      fixedAfterOpening('privacy', 'receipts and stored data were made with its keys'),
      {
        rule: `${BEFORE_OPENING} || self.spec.window.closesAt >= oldSelf.spec.window.closesAt`,
        message:
          'spec.window.closesAt may only move later once the campaign has opened: restore the old value or choose a later instant',
        fieldPath: '.spec.window.closesAt',
        reason: 'FieldValueForbidden',
      },
      {
        rule: `${BEFORE_OPENING} || (has(self.status) && has(self.status.openedAt) && self.status.openedAt == oldSelf.status.openedAt)`,
        message: 'status.openedAt is written once by the operator and guards the open campaign: restore the old value',
        fieldPath: '.status.openedAt',
        reason: 'FieldValueForbidden',
      },
      {
        rule: '!(has(oldSelf.status) && has(oldSelf.status.closesAt)) || (has(self.status) && has(self.status.closesAt) && self.status.closesAt >= oldSelf.status.closesAt)',
        message:
          'status.closesAt is what citizens were told, and never moves back: restore the old value or write a later instant',
        fieldPath: '.status.closesAt',
        reason: 'FieldValueForbidden',
      },
    ],
  },
};

export const SCALE_PLAN: ResourceDefinition = {
  kind: 'ScalePlan',
  plural: 'scaleplans',
  singular: 'scaleplan',
  shortName: 'splan',
  columns: [
    { name: 'Campaign', type: 'string', jsonPath: '.spec.campaignName', description: 'Campaign that asks.' },
    { name: 'Reason', type: 'string', jsonPath: '.spec.reason', description: 'Load or Forecast.' },
    { name: 'Intake', type: 'integer', jsonPath: '.spec.ceilings.intake', description: 'Intake replicas asked for.' },
    {
      name: 'Records',
      type: 'integer',
      jsonPath: '.spec.ceilings.records',
      description: 'Records replicas asked for.',
    },
    {
      name: 'State',
      type: 'string',
      jsonPath: '.status.state',
      description: 'Pending waits for a decision.',
    },
    {
      name: 'Pod-hours',
      type: 'number',
      jsonPath: '.spec.means.podHours',
      description: 'Hours of pods that it takes at most.',
    },
    { name: 'Expires', type: 'string', jsonPath: '.spec.expiresAt', description: 'A decision counts until then.' },
    {
      name: 'Late without',
      type: 'integer',
      jsonPath: '.spec.effect.without.late',
      description: 'Citizens who wait longer than 5 s in the next minutes without it.',
      priority: 1,
    },
    {
      name: 'Late with',
      type: 'integer',
      jsonPath: '.spec.effect.with.late',
      description: 'The same with it.',
      priority: 1,
    },
    {
      name: 'Decided by',
      type: 'string',
      jsonPath: '.spec.decision.decidedBy',
      description: 'Who decided.',
      priority: 1,
    },
    {
      name: 'Until',
      type: 'string',
      jsonPath: '.spec.decision.ceilingUntil',
      description: 'When what is granted ends.',
      priority: 1,
    },
    { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp', description: 'Age of the object.' },
  ],
  schema: {
    type: 'object',
    description: 'ScalePlan asks the owner for more replicas than are authorised, with the evidence.',
    required: ['spec'],
    properties: {
      ...objectHead(
        'ScalePlan',
        dnsLabel('Name of the plan; the operator makes it from the campaign and the need.', 253),
      ),
      spec: scalePlanSpec,
      status: scalePlanStatus,
    },
  },
};

export const RESOURCES: readonly ResourceDefinition[] = [VOUCHER_CAMPAIGN, SCALE_PLAN];
