/** `VoucherCampaign.spec`: what the admin states. Pure. */
import {
  choice,
  dnsLabel,
  instant,
  int32,
  listByKey,
  localizedText,
  rule,
  secretName,
  section,
  text,
} from './common.ts';
import { contingency } from './contingency.ts';
import { draw } from './draw.ts';
import { issuance } from './issuance.ts';
import { login } from './login.ts';
import type { ArrayNode, ObjectNode, StringNode } from './node.ts';
import { page } from './page.ts';
import { eligibility, identity } from './people.ts';
import { scaling } from './scaling.ts';
import { verification } from './verification.ts';

/** ¥1,000,000 in fen: far above any voucher, far below what a sum over all quotas could overflow. */
const MAX_FEN = 100_000_000;

const campaignId: StringNode = {
  ...dnsLabel(
    'Identity of the campaign in the journal, in the database and on every receipt; the same on every site and in a ' +
      're-created object. Immutable. Lower-case letters, digits and "-", starting with a letter, at most 40 characters.',
    40,
  ),
  'x-kubernetes-validations': [
    {
      rule: 'self == oldSelf',
      message:
        'campaignId is immutable, because receipts and streams contain it: restore the old value, or create another VoucherCampaign for another campaign',
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
      'When registration opens, with offset: 2020-09-25T10:00:00+08:00. Fixed once the campaign has opened.',
    ),
    closesAt: instant('When registration closes. After opening it can only move later.'),
  },
  'x-kubernetes-validations': [
    rule(
      '.closesAt',
      'self.opensAt < self.closesAt',
      'window.closesAt is not after window.opensAt: move closesAt to a later instant',
    ),
    rule(
      '.closesAt',
      "self.closesAt - self.opensAt <= duration('8784h')",
      'window.closesAt is more than 366 days after window.opensAt: check the years, or shorten the window',
    ),
  ],
};

const vouchers: ArrayNode = {
  ...listByKey(
    'name',
    'Vouchers that a citizen can register for; at least one. Fixed once the campaign has opened.',
    32,
    {
      type: 'object',
      description: 'Voucher is one kind of voucher.',
      typeHint: { name: 'Voucher' },
      required: ['name', 'title', 'faceValueFen', 'quota', 'validDays'],
      properties: {
        name: dnsLabel(
          'Name of the voucher within the campaign, unique, such as dining-50. At most 40 characters.',
          40,
        ),
        title: localizedText('Title that citizens see.', 80),
        faceValueFen: int32('Value in fen, a hundredth of a yuan: 5000 is ¥50.', [1, MAX_FEN]),
        minimumSpendFen: int32(
          'Minimum purchase in fen for which the voucher can be used: 10000 is ¥100. Default 0, no minimum.',
          [0, MAX_FEN],
          0,
        ),
        quota: int32('Number of these vouchers to issue.', [1, 100_000_000]),
        validDays: int32('Days for which the voucher can be used after it is issued.', [1, 366]),
      },
      'x-kubernetes-validations': [
        rule(
          '.minimumSpendFen',
          'self.minimumSpendFen == 0 || self.minimumSpendFen >= self.faceValueFen',
          'minimumSpendFen is below faceValueFen: raise it to at least faceValueFen, or write 0 for a voucher without a minimum purchase (both are in fen)',
        ),
      ],
    },
  ),
  minItems: 1,
};

/** IPv4 or IPv6 with its length. A pod ignores one that the pattern permits and that is no network, such as 1.2.3.999/8. */
const CIDR_PATTERN =
  '^([0-9]{1,3}([.][0-9]{1,3}){3}/([0-9]|[12][0-9]|3[0-2])|[0-9A-Fa-f:]{2,39}/([0-9]|[1-9][0-9]|1[01][0-9]|12[0-8]))$';

const traffic = section('How many registrations are admitted. The rest are shed: rejected with 503 and Retry-After.', {
  admissionPerSecond: int32(
    'Registrations per second admitted over all intake pods: what journal and database can carry. Left out: what the Ready ' +
      'intake replicas can carry.',
    [1, 10_000_000],
  ),
  burstSeconds: int32(
    'Size of a burst that is admitted at once, in seconds of the admission rate. Default 1.',
    [1, 60],
    1,
  ),
  waitingRoom: section(
    'The queue of citizens who cannot be admitted at once: each gets a ticket with a number and is admitted in turn.',
    {
      enabled: {
        type: 'boolean',
        description:
          'Whether there is a waiting room. false: who is not admitted gets 503 with Retry-After and tries again. Default true.',
        default: true,
      },
      preQueueMinutes: int32(
        'Minutes before opening from which citizens get a ticket. Their order is drawn at opening, so coming first gains nothing. ' +
          '0: tickets are given from opening on. Default 30.',
        [0, 1_440],
        30,
      ),
    },
  ),
  limits: section(
    'How often one client can ask one intake pod, so that programs do not keep citizens out. A client that asks all pods gets as many times ' +
      'the limit as there are pods. Registrations that were shed do not count. 0: no limit.',
    {
      citizenPerMinute: int32(
        'Registrations a minute with one identity number, and as many at once. More get 429. Default 5.',
        [0, 10_000],
        5,
      ),
      phonePerMinute: int32(
        'Registrations a minute with one phone number, and as many at once. More get 429. Default 5.',
        [0, 10_000],
        5,
      ),
      devicePerMinute: int32(
        'Registrations a minute from one browser, by its cookie, and as many at once. More get 429. Default 20.',
        [0, 10_000],
        20,
      ),
      addressPerMinute: int32(
        'Requests a minute from one address: of IPv6 from one /56, and sixteen times as many from one /48. More are not refused, because a ' +
          'carrier may have thousands of citizens behind one address. While a pod is loaded they get a smaller share of it. Default 300.',
        [0, 1_000_000],
        300,
      ),
    },
  ),
  trustedProxies: {
    type: 'array',
    description:
      'Networks of the load balancers in front of the intake, such as 10.0.0.0/8. From these the address of a citizen is read from ' +
      'X-Forwarded-For. Left out: none, and the address of the connection is used. Behind a load balancer that hides the addresses of clients, ' +
      'all citizens then share one.',
    maxItems: 64,
    'x-kubernetes-list-type': 'set',
    items: { ...text('A network in CIDR notation.', 43, 4), pattern: CIDR_PATTERN },
    default: [],
  },
});

const dataPlane = section('Where the journal and the database are.', {
  secretName: {
    ...secretName(
      'Prefix of the names of Secrets in the namespace of the campaign. Each tier has one, such as voucher-data-plane-intake, ' +
        'with its accounts for journal and database: nats-url, nats-user, nats-password and postgres-url. Default ' +
        'voucher-data-plane. Each pod mounts the Secret of its tier; the operator never reads one.',
    ),
    default: 'voucher-data-plane',
  },
  durability: choice(
    'How it is known that the journal survives a power cut. Verified: the operator checks every server at its monitoring ' +
      'endpoint and requires three replicas. Attested: the admin guarantees it, where the operator cannot check it or ' +
      'the storage itself is replicated. Default Verified.',
    ['Verified', 'Attested'],
    'Verified',
  ),
});

export const campaignSpec: ObjectNode = {
  type: 'object',
  description:
    'What the campaign should be. campaignId, title, window and vouchers are required; all other fields have defaults.',
  required: ['campaignId', 'title', 'window', 'vouchers'],
  typeHint: { name: 'VoucherCampaignSpec' },
  properties: {
    campaignId,
    title: localizedText('Title that citizens see. It can change while the campaign is open.', 120),
    page,
    window,
    identity,
    login,
    eligibility,
    verification,
    draw,
    issuance,
    vouchers,
    traffic,
    privacy: section('Keys that protect personal data, and how long it is kept. Fixed once the campaign has opened.', {
      keySecretName: {
        ...secretName(
          'Secret in the namespace of the campaign with citizen.key, canary.key and at least one wrap-<id>.key. Default ' +
            'voucher-privacy. Intake pods mount it; the operator never reads it.',
        ),
        default: 'voucher-privacy',
      },
      deleteAfterDays: int32(
        'Days after closing until all personal data is destroyed: the operator then destroys the data keys and empties the privacy ' +
          'Secret. Shown to citizens. Default 180.',
        [1, 3_650],
        180,
      ),
    }),
    dataPlane,
    scaling,
    contingency,
    adoptJournal: {
      type: 'boolean',
      description:
        'Whether to take over streams that another object created for the same campaignId, for example after a restore. ' +
        'Default false: such streams give the reason JournalConflict.',
      default: false,
    },
    deletionPolicy: choice(
      'What happens to the journal when this object is deleted. Retain: it stays, and a new object can adopt it. Delete: its ' +
        'streams and buckets are removed first, with every registration in them. Database rows always stay. Default Retain.',
      ['Retain', 'Delete'],
      'Retain',
    ),
  },
};
