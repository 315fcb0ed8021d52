/**
 * Both custom resources as data: the one source of `crds/*.yaml` and `contract/types` (`npm run generate`). Pure.
 *
 * CEL has no clock. "After opening" is `status.openedAt`, which the operator writes once; a rule at the root sees it
 * through `oldSelf`, so a patch that clears status in the same request does not unlock anything.
 */
import { campaignSpec } from './campaign.ts';
import { dnsLabel, MAX_CAMPAIGN_NAME_LENGTH, objectHead, rule } from './common.ts';
import type { PrinterColumn, ResourceDefinition, ValidationRule } from './node.ts';
import { scalePlanSpec, scalePlanStatus } from './scale-plan.ts';
import { campaignStatus, UNSEEN_STATUS } from './status.ts';

const BEFORE_OPENING = '!(has(oldSelf.status) && has(oldSelf.status.openedAt))';

const BEFORE_FREEZE = '!(has(oldSelf.status) && has(oldSelf.status.draw) && has(oldSelf.status.draw.frozenAt))';

const BEFORE_ISSUING =
  '!(has(oldSelf.status) && has(oldSelf.status.issuance) && has(oldSelf.status.issuance.startedAt))';

/** `path` below spec, e.g. `window.opensAt`. */
const fixedAfterOpening = (path: string, why: string): ValidationRule =>
  rule(
    `.spec.${path}`,
    `${BEFORE_OPENING} || self.spec.${path} == oldSelf.spec.${path}`,
    `spec.${path} is fixed once the campaign has opened, because ${why}: restore the old value, or create another VoucherCampaign with another campaignId`,
    'FieldValueForbidden',
  );

/** Everything that decides a verdict; rates, quotas and the order of providers may change. */
const SAME_PROVIDERS = [
  'self.spec.verification.secretName == oldSelf.spec.verification.secretName',
  'self.spec.verification.providers.size() == oldSelf.spec.verification.providers.size()',
  'self.spec.verification.providers.all(p, oldSelf.spec.verification.providers.exists(q, ' +
    'q.name == p.name && q.type == p.type && has(q.url) == has(p.url) && (!has(p.url) || p.url == q.url) && ' +
    'has(q.http) == has(p.http) && (!has(p.http) || p.http == q.http)))',
].join(' && ');

/** What a request to a channel is made of: a request that is repeated must be the same. Addresses, rates and quotas may change. */
const SAME_CHANNELS = [
  'self.spec.issuance.channels.size() == oldSelf.spec.issuance.channels.size()',
  'self.spec.issuance.channels.all(c, oldSelf.spec.issuance.channels.exists(d, ' +
    'd.name == c.name && d.merchant == c.merchant && d.appId == c.appId && d.stocks.size() == c.stocks.size() && ' +
    'c.stocks.all(s, d.stocks.exists(t, t.voucher == s.voucher && t.stock == s.stock))))',
].join(' && ');

const sameField = (of: string, field: string): string =>
  `has(self.${of}.${field}) == has(oldSelf.${of}.${field}) && (!has(self.${of}.${field}) || self.${of}.${field} == oldSelf.${of}.${field})`;

/**
 * Everything that decides who takes part, how many win, and when. Where a round of drand is asked for, and where files are put, decides
 * nothing: its signature is verified, and the files are computed from the journal. The order of the sources is that of the commitment.
 */
const SAME_DRAW = [
  ...['unverified', 'leadSeconds', 'postponeSeconds', 'waitlistPercent'].map(
    (field) => `self.spec.draw.${field} == oldSelf.spec.draw.${field}`,
  ),
  sameField('spec.draw', 'verifyBy'),
  'has(self.spec.draw.sources) == has(oldSelf.spec.draw.sources)',
  '(!has(self.spec.draw.sources) || (self.spec.draw.sources.size() == oldSelf.spec.draw.sources.size() && ' +
    'self.spec.draw.sources.all(s, oldSelf.spec.draw.sources.exists(o, o.name == s.name && o.type == s.type && ' +
    'has(o.description) == has(s.description) && (!has(s.description) || o.description == s.description)))))',
].join(' && ');

const column = (name: string, type: PrinterColumn['type'], jsonPath: string, description: string): PrinterColumn => ({
  name,
  type,
  jsonPath,
  description,
});
/** Shown with `-o wide` only. */
const wide = (...of: Parameters<typeof column>): PrinterColumn => ({ ...column(...of), priority: 1 });
const AGE = column('Age', 'date', '.metadata.creationTimestamp', 'Age of the object.');

export const VOUCHER_CAMPAIGN: ResourceDefinition = {
  kind: 'VoucherCampaign',
  plural: 'vouchercampaigns',
  singular: 'vouchercampaign',
  shortName: 'vcamp',
  columns: [
    column('Stage', 'string', '.status.stage', 'Summary of where the campaign is.'),
    column('Opens', 'string', '.spec.window.opensAt', 'When registration opens.'),
    column('Rate/s', 'number', '.status.arrivalsPerSecond', 'Arrivals per second.'),
    column('Backlog', 'integer', '.status.backlog', 'Registrations not yet in the database.'),
    column('Wait', 'number', '.status.oldestSeconds', 'Age in seconds of the oldest of those registrations.'),
    column('Intake', 'string', '.status.intake', 'Replicas ready/desired/ceiling.'),
    column('Plan', 'string', '.status.plan', 'ScalePlan that waits for a decision.'),
    wide('Issued', 'integer', '.status.issuance.issued', 'Vouchers issued so far.'),
    column('OK', 'string', '.status.conditions[?(@.type=="Ready")].status', 'Status of condition Ready.'),
    AGE,
  ],
  unseenStatus: UNSEEN_STATUS,
  schema: {
    type: 'object',
    description:
      'VoucherCampaign is a city’s e-voucher campaign: who may register, when, for which vouchers, and with which resources.',
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
      fixedAfterOpening('window.opensAt', 'citizens have registered since'),
      fixedAfterOpening('identity', 'registrations were accepted under it'),
      rule(
        '.spec.eligibility.excludeWinnersOf',
        '!has(self.spec.eligibility.excludeWinnersOf) || self.spec.eligibility.excludeWinnersOf.all(e, e.campaign != self.metadata.name)',
        'spec.eligibility.excludeWinnersOf names this campaign itself: name an earlier one, or remove the item',
      ),
      fixedAfterOpening('eligibility', 'registrations were accepted under it'),
      fixedAfterOpening('vouchers', 'citizens registered for them'),
      rule(
        '.spec.draw',
        `${BEFORE_OPENING} || (${SAME_DRAW})`,
        'spec.draw is fixed once the campaign has opened, because citizens registered under it; only the relays of a source, bundleClaim, bundleStore and bundleUrl can change: restore the old values, or create another VoucherCampaign with another campaignId',
        'FieldValueForbidden',
      ),
      fixedAfterOpening('privacy', 'receipts and stored data were made with its keys'),
      rule(
        '.spec.login.publicKey',
        `${BEFORE_OPENING} || !has(self.spec.login) || !has(oldSelf.spec.login) || self.spec.login.publicKey == oldSelf.spec.login.publicKey`,
        'spec.login.publicKey is fixed once the campaign has opened, because stored logins are checked with it: restore the old value',
        'FieldValueForbidden',
      ),
      rule(
        '.spec.window.closesAt',
        `${BEFORE_OPENING} || self.spec.window.closesAt >= oldSelf.spec.window.closesAt`,
        'spec.window.closesAt can only move later once the campaign has opened: restore the old value or choose a later instant',
        'FieldValueForbidden',
      ),
      rule(
        '.spec.window.closesAt',
        `${BEFORE_FREEZE} || self.spec.window.closesAt == oldSelf.spec.window.closesAt`,
        'spec.window.closesAt is fixed once the list of the draw is frozen, because later registrations would not be in it: restore the old value',
        'FieldValueForbidden',
      ),
      rule(
        '.spec.draw.verifyBy',
        '!has(self.spec.draw.verifyBy) || self.spec.draw.verifyBy > self.spec.window.closesAt',
        'spec.draw.verifyBy is not after spec.window.closesAt: move verifyBy later, or leave it out; once the campaign has opened, choose an earlier closesAt',
      ),
      rule(
        '.spec.draw.verifyBy',
        "!has(self.spec.draw.verifyBy) || self.spec.draw.verifyBy - self.spec.window.closesAt <= duration('2160h')",
        'spec.draw.verifyBy is more than 90 days after spec.window.closesAt: check the years, or choose an earlier instant',
      ),
      rule(
        '.spec.verification',
        `${BEFORE_OPENING} || has(self.spec.verification) == has(oldSelf.spec.verification)`,
        'spec.verification can be neither added nor removed once the campaign has opened, because it decides who enters the draw: restore the old value, or create another VoucherCampaign with another campaignId',
        'FieldValueForbidden',
      ),
      rule(
        '.spec.verification.providers',
        `${BEFORE_OPENING} || !has(self.spec.verification) || !has(oldSelf.spec.verification) || (${SAME_PROVIDERS})`,
        'spec.verification.providers can change only requestsPerSecond, requestsPerDay, timeZone, order and weight once the campaign has opened, because the others decide who is verified: restore the old values',
        'FieldValueForbidden',
      ),
      rule(
        '.spec.issuance',
        '!has(self.spec.issuance) || (has(self.spec.draw.sources) && self.spec.draw.sources.size() > 0)',
        'spec.issuance needs a draw, because only winners get vouchers: state spec.draw.sources, or remove spec.issuance',
      ),
      rule(
        '.spec.issuance.channels',
        '!has(self.spec.issuance) || self.spec.issuance.channels.all(c, c.stocks.all(s, self.spec.vouchers.exists(v, v.name == s.voucher)))',
        'spec.issuance.channels has a stock of a voucher that does not exist: write a name from spec.vouchers',
      ),
      rule(
        '.spec.issuance.channels',
        '!has(self.spec.issuance) || self.spec.issuance.channels.all(c, self.spec.vouchers.all(v, c.stocks.exists(s, s.voucher == v.name)))',
        'spec.issuance.channels has a channel without a stock for one of spec.vouchers, and a winner who chose that channel could never get that voucher: state a stock for every voucher at every channel',
      ),
      rule(
        '.spec.issuance',
        `${BEFORE_ISSUING} || (has(self.spec.issuance) && has(oldSelf.spec.issuance) && ${SAME_CHANNELS})`,
        'spec.issuance.channels can change only url, requestsPerSecond, requestsPerDay and timeZone once issuance has started, because a repeated request must be the same: restore names, merchants, appIds and stocks',
        'FieldValueForbidden',
      ),
      rule(
        '.spec.issuance.bindBy',
        `${BEFORE_ISSUING} || !has(self.spec.issuance) || !has(oldSelf.spec.issuance) || (${sameField('spec.issuance', 'bindBy')})`,
        'spec.issuance.bindBy is fixed once issuance has started, because a winner who is replaced after it could bind an account again, and two vouchers would be issued for one place: restore the old value',
        'FieldValueForbidden',
      ),
      rule(
        '.status.issuance.startedAt',
        `${BEFORE_ISSUING} || (has(self.status) && has(self.status.issuance) && has(self.status.issuance.startedAt) && self.status.issuance.startedAt == oldSelf.status.issuance.startedAt)`,
        'status.issuance.startedAt is written once by the operator and protects spec.issuance: restore the old value',
        'FieldValueForbidden',
      ),
      rule(
        '.status.openedAt',
        `${BEFORE_OPENING} || (has(self.status) && has(self.status.openedAt) && self.status.openedAt == oldSelf.status.openedAt)`,
        'status.openedAt is written once by the operator and protects the open campaign: restore the old value',
        'FieldValueForbidden',
      ),
      rule(
        '.status.closesAt',
        '!(has(oldSelf.status) && has(oldSelf.status.closesAt)) || (has(self.status) && has(self.status.closesAt) && self.status.closesAt >= oldSelf.status.closesAt)',
        'status.closesAt was announced to citizens and never moves back: restore the old value or write a later instant',
        'FieldValueForbidden',
      ),
    ],
  },
};

export const SCALE_PLAN: ResourceDefinition = {
  kind: 'ScalePlan',
  plural: 'scaleplans',
  singular: 'scaleplan',
  shortName: 'splan',
  columns: [
    column('Campaign', 'string', '.spec.campaignName', 'Campaign that asks.'),
    column('Reason', 'string', '.spec.reason', 'Load or Forecast.'),
    column('Intake', 'integer', '.spec.ceilings.intake', 'Intake replicas asked for.'),
    column('Records', 'integer', '.spec.ceilings.records', 'Records replicas asked for.'),
    column('State', 'string', '.status.state', 'State of the plan. Pending: it waits for a decision.'),
    column('Pod-hours', 'number', '.spec.means.podHours', 'Most pod-hours that the plan can use.'),
    column('Expires', 'string', '.spec.expiresAt', 'When the plan expires: a later decision has no effect.'),
    wide(
      'Late without',
      'integer',
      '.spec.effect.without.late',
      'Citizens who would wait longer than 5 s in the next minutes without the plan.',
    ),
    wide('Late with', 'integer', '.spec.effect.with.late', 'The same number with the plan.'),
    wide('Verification', 'integer', '.spec.ceilings.verification', 'Verification replicas asked for.'),
    wide('Decided by', 'string', '.spec.decision.decidedBy', 'User who decided.'),
    wide('Until', 'string', '.spec.decision.ceilingUntil', 'When the raised ceilings end.'),
    AGE,
  ],
  schema: {
    type: 'object',
    description: 'ScalePlan asks the owner for more replicas than are authorised, and gives the evidence.',
    required: ['spec'],
    properties: {
      ...objectHead(
        'ScalePlan',
        dnsLabel('Name of the plan. The operator derives it from the campaign and the need.', 253),
      ),
      spec: scalePlanSpec,
      status: scalePlanStatus,
    },
  },
};

export const RESOURCES: readonly ResourceDefinition[] = [VOUCHER_CAMPAIGN, SCALE_PLAN];
