/** `VoucherCampaign.spec`: what the admin states. Pure. */
import { dnsLabel, instant, localizedText, secretName } from './common.ts';
import { contingency } from './contingency.ts';
import type { ArrayNode, ObjectNode, StringNode } from './node.ts';
import { eligibility, identity } from './people.ts';
import { scaling } from './scaling.ts';

/** ¥1,000,000 in fen: far above any voucher, far below what a sum over all quotas could overflow. */
const MAX_FEN = 100_000_000;

const campaignId: StringNode = {
  ...dnsLabel(
    'Identity of the campaign in the journal, the database and every receipt; it survives a re-created object and is ' +
      'the same on every site. Lower-case letters, digits and "-", starting with a letter, at most 40 characters, immutable.',
    40,
  ),
  'x-kubernetes-validations': [
    {
      rule: 'self == oldSelf',
      message:
        'campaignId is immutable, because receipts and streams carry it: restore the old value, or create another VoucherCampaign for another campaign',
      reason: 'FieldValueForbidden',
    },
  ],
};

const window: ObjectNode = {
  type: 'object',
  description: 'When citizens can register, by server time.',
  required: ['opensAt', 'closesAt'],
  properties: {
    opensAt: instant(
      'First instant of registration, with offset: 2020-09-25T10:00:00+08:00. Fixed once the campaign has opened.',
    ),
    closesAt: instant('Instant from which registrations are refused. After opening it may only move later.'),
  },
  'x-kubernetes-validations': [
    {
      rule: 'self.opensAt < self.closesAt',
      message: 'window.closesAt is not after window.opensAt: move closesAt to a later instant',
      fieldPath: '.closesAt',
    },
    {
      rule: "self.closesAt - self.opensAt <= duration('8784h')",
      message: 'window.closesAt is more than 366 days after window.opensAt: check the years, or shorten the window',
      fieldPath: '.closesAt',
    },
  ],
};

const vouchers: ArrayNode = {
  type: 'array',
  description: 'Vouchers that a citizen can register for; at least one. Fixed once the campaign has opened.',
  minItems: 1,
  maxItems: 32,
  'x-kubernetes-list-type': 'map',
  'x-kubernetes-list-map-keys': ['name'],
  items: {
    type: 'object',
    description: 'Voucher is one kind of voucher.',
    typeHint: { name: 'Voucher' },
    required: ['name', 'title', 'faceValueFen', 'quota', 'validDays'],
    properties: {
      name: dnsLabel('Name of the voucher within the campaign, unique, such as dining-50. At most 40 characters.', 40),
      title: localizedText('Title that citizens see.', 80),
      faceValueFen: {
        type: 'integer',
        format: 'int32',
        description: 'Value in fen, a hundredth of a yuan: 5000 is ¥50.',
        minimum: 1,
        maximum: MAX_FEN,
      },
      minimumSpendFen: {
        type: 'integer',
        format: 'int32',
        description: 'Purchase in fen from which the voucher applies: 10000 is ¥100. Default 0, no threshold.',
        minimum: 0,
        maximum: MAX_FEN,
        default: 0,
      },
      quota: {
        type: 'integer',
        format: 'int32',
        description: 'Number of vouchers to give away.',
        minimum: 1,
        maximum: 100_000_000,
      },
      validDays: {
        type: 'integer',
        format: 'int32',
        description: 'Days for which the voucher can be spent after it was issued.',
        minimum: 1,
        maximum: 366,
      },
    },
    'x-kubernetes-validations': [
      {
        rule: 'self.minimumSpendFen == 0 || self.minimumSpendFen >= self.faceValueFen',
        message:
          'minimumSpendFen is below faceValueFen: raise it to at least faceValueFen, or write 0 for a voucher without threshold (both are in fen)',
        fieldPath: '.minimumSpendFen',
      },
    ],
  },
};

const traffic: ObjectNode = {
  type: 'object',
  description: 'How many registrations are let in; the rest is asked to come again (503 with Retry-After).',
  default: {},
  properties: {
    admissionPerSecond: {
      type: 'integer',
      format: 'int32',
      description:
        'Registrations per second admitted over all intake pods: what the journal and the database behind them can ' +
        'bear. Left out: it follows the ready intake replicas and their capacity.',
      minimum: 1,
      maximum: 10_000_000,
    },
    burstSeconds: {
      type: 'integer',
      format: 'int32',
      description: 'Seconds of that rate that may arrive at once before a pod sheds. Default 1.',
      minimum: 1,
      maximum: 60,
      default: 1,
    },
  },
};

const dataPlane: ObjectNode = {
  type: 'object',
  description: 'Where the journal and the database are.',
  default: {},
  properties: {
    secretName: {
      ...secretName(
        'Beginning of the names of Secrets in the namespace of the campaign, one for each tier (voucher-data-plane-intake), ' +
          'with nats-url, nats-user, nats-password and postgres-url of its own accounts. Default voucher-data-plane. Pods ' +
          'mount that of their tier; the operator never reads one.',
      ),
      default: 'voucher-data-plane',
    },
    durability: {
      type: 'string',
      description:
        'How it is known that the journal survives a power cut: Verified, the operator checks every server over its ' +
        'monitoring endpoint and wants three replicas; Attested, the admin vouches for it where that cannot be seen or ' +
        'the storage below is replicated. Default Verified.',
      enum: ['Verified', 'Attested'],
      default: 'Verified',
    },
  },
};

export const campaignSpec: ObjectNode = {
  type: 'object',
  description: 'What the campaign should be. campaignId, title, window and vouchers are enough; all else has defaults.',
  required: ['campaignId', 'title', 'window', 'vouchers'],
  typeHint: { name: 'VoucherCampaignSpec' },
  properties: {
    campaignId,
    title: localizedText('Title that citizens see; may change while the campaign is open.', 120),
    window,
    identity,
    eligibility,
    vouchers,
    traffic,
    privacy: {
      type: 'object',
      description: 'Keys that protect personal data. Fixed once the campaign has opened.',
      default: {},
      properties: {
        keySecretName: {
          ...secretName(
            'Secret in the namespace of the campaign with citizen.key, canary.key and at least one wrap-<id>.key. ' +
              'Default voucher-privacy. Pods mount it; the operator never reads it.',
          ),
          default: 'voucher-privacy',
        },
      },
    },
    dataPlane,
    scaling,
    contingency,
    adoptJournal: {
      type: 'boolean',
      description:
        'Takes over streams that another object created for the same campaignId, after a restore for example. Default ' +
        'false: such streams give the reason JournalConflict.',
      default: false,
    },
    deletionPolicy: {
      type: 'string',
      description:
        'What the deletion of this object does to the journal: Retain keeps it, for a campaign that adopts it; Delete ' +
        'removes its streams and buckets first, with every registration in them. Rows in the database stay in both ' +
        'cases. Default Retain.',
      enum: ['Retain', 'Delete'],
      default: 'Retain',
    },
  },
};
