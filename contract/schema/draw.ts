/** `spec.draw`: until when registrations can change, and which of them enter the draw. Pure. */
import { choice, dnsLabel, instant, int32, listByKey, rule, secretName, section, text } from './common.ts';
import type { ObjectNode } from './node.ts';
import { URL_PATTERN } from './verification.ts';

/** As many as a person can watch on one day. */
const MOST_SOURCES = 8;

const source: ObjectNode = {
  type: 'object',
  description: 'DrawSource is one source of randomness of the draw.',
  typeHint: { name: 'DrawSource', file: './draw.ts' },
  required: ['name', 'type'],
  properties: {
    name: dnsLabel('Name of the source, unique in the list.', 40),
    type: choice(
      'Drand: a round of the public randomness service drand. The round follows from the time in the commitment, and its signature is ' +
        'checked. PublicValue: a value that becomes public at an event that was announced, such as the numbers of a lottery. Two people ' +
        'enter it with kubectl voucher draw source.',
      ['Drand', 'PublicValue'],
    ),
    relays: {
      type: 'array',
      description:
        'Drand: addresses from which the round is read, such as https://api.drand.sh. One that answers is enough, because the signature ' +
        'is checked. Left out: the public relays.',
      maxItems: 8,
      'x-kubernetes-list-type': 'atomic',
      items: {
        ...text('Address of a relay.', 253, 8),
        pattern: '^https?://[A-Za-z0-9.-]+(:[0-9]+)?(/[A-Za-z0-9._/-]*)?$',
      },
    },
    description: text(
      'PublicValue: which event it is, where it is published, and how exactly it is written, because two people must write the same. ' +
        'Published in the commitment.',
      500,
      1,
    ),
  },
  'x-kubernetes-validations': [
    rule(
      '.description',
      "self.type != 'PublicValue' || has(self.description)",
      'description is missing: state which event it is, and how the value is written',
      'FieldValueRequired',
    ),
    rule('.relays', "self.type == 'Drand' || !has(self.relays)", 'relays has no effect on a public value: remove it'),
  ],
};

export const draw: ObjectNode = {
  ...section('Which registrations enter the draw. Fixed once the campaign has opened.', {
    verifyBy: instant(
      'Until when identities are verified, and citizens can correct, withdraw or change their registration; must be after ' +
        'window.closesAt. Then the list of the draw is frozen. Shown to citizens. Left out: citizens can change their registration ' +
        'until window.closesAt, and the list is frozen when every identity has been checked.',
    ),
    unverified: choice(
      'Whether registrations without a result of the identity check enter the draw when the list is frozen. exclude: they do ' +
        'not. enter: they do. Rejected registrations, and those in manual review, never enter. Shown to citizens. Without ' +
        'spec.verification every registration enters. Default exclude.',
      ['exclude', 'enter'],
      'exclude',
    ),
    sources: listByKey(
      'name',
      'Where the randomness of the draw comes from. All of them are needed, and they are used in this order. Left out: there is no draw, ' +
        'and the list is the last step.',
      MOST_SOURCES,
      source,
    ),
    leadSeconds: int32(
      'Seconds from the publication of the commitment to notBefore, the earliest time at which a source may have its value. ' +
        'Default 3600.',
      [10, 2_592_000],
      3_600,
    ),
    postponeSeconds: int32(
      'Seconds after notBefore within which every source must have its value. Otherwise the draw is postponed with a new ' +
        'commitment; a missing source is never replaced. Default 86400.',
      [30, 2_592_000],
      86_400,
    ),
    waitlistPercent: int32(
      'Length of the waiting list of each voucher, in percent of its quota, rounded up. When a winner does not take the voucher, an ' +
        'owner can let the next on the list move up. Default 10.',
      [0, 100],
      10,
    ),
    bundleClaim: secretName(
      'PersistentVolumeClaim in the namespace of the campaign, for the bundle: the files with which anyone can verify the draw. ' +
        'Left out: they are not written to a volume; the draw can be repeated from the journal at any time.',
    ),
    bundleStore: {
      type: 'object',
      description:
        'Object store with the S3 interface, to which the bundle is written as well. Left out: it is written to no store. Make the objects ' +
        'readable for everyone, and state their address in bundleUrl.',
      typeHint: { name: 'BundleStore', file: './draw.ts' },
      required: ['url', 'bucket', 'secretName'],
      properties: {
        url: text('Address of the store, such as https://s3.example.org.', 253, 8),
        region: { ...text('Region that requests are signed for. Default us-east-1.', 64, 1), default: 'us-east-1' },
        bucket: { ...text('Name of the bucket.', 63, 3), pattern: '^[a-z0-9]([-a-z0-9.]*[a-z0-9])$' },
        prefix: {
          ...text('Folder in the bucket; the bundle is in <prefix>/<campaignId>. Left out: none.', 200, 1),
          pattern: '^[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*$',
        },
        style: choice(
          'Where requests name the bucket. Path: https://s3.example.org/bucket. VirtualHost: https://bucket.s3.example.org. Default Path.',
          ['Path', 'VirtualHost'],
          'Path',
        ),
        secretName: secretName(
          'Secret in the namespace of the campaign with the files access-key-id and secret-access-key. Its key needs the permissions to put ' +
            'and to get objects.',
        ),
      },
      'x-kubernetes-validations': [
        rule(
          '.url',
          `self.url.matches('${URL_PATTERN}')`,
          'url is not a valid address: write one that begins with https://, without a user name, a password or "#"',
        ),
      ],
    },
    bundleUrl: text(
      'Address of the folder in which everyone can read the files of the bundle. It ends with /. When a citizen asks for a proof, the intake ' +
        'redirects to result.json there. Left out: such requests get 404.',
      500,
      8,
    ),
  }),
  'x-kubernetes-validations': [
    rule(
      '.bundleUrl',
      `!has(self.bundleUrl) || (self.bundleUrl.matches('${URL_PATTERN}') && self.bundleUrl.endsWith('/'))`,
      'bundleUrl is not a valid address of a folder: write one that begins with https:// and ends with "/"',
    ),
  ],
  typeHint: { name: 'DrawSpec', file: './draw.ts' },
};
