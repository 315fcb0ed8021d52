/** `spec.issuance` and `status.issuance`: through which channels winners get their vouchers, and how far that is. Pure. */
import { CHANNELS } from '../envelope.ts';
import { choice, dnsLabel, instant, int32, listByKey, rule, secretName, text, wholeNumber } from './common.ts';
import type { ObjectNode } from './node.ts';
import { KNOWN_TIME_ZONE, URL_PATTERN } from './verification.ts';

const ISSUANCE_TYPES = './issuance.ts';

const stock: ObjectNode = {
  type: 'object',
  description: 'ChannelStock is one voucher of the campaign at a channel.',
  typeHint: { name: 'ChannelStock', file: ISSUANCE_TYPES },
  required: ['voucher', 'stock'],
  properties: {
    voucher: dnsLabel('Name of the voucher, as in spec.vouchers.', 40),
    stock: {
      ...text(
        'What it is called at the channel. wechat: stock_id. alipay: template_id. unionpay: couponId. It must exist, and be started.',
        64,
        1,
      ),
      pattern: '^[0-9A-Za-z_-]+$',
    },
  },
};

const channel: ObjectNode = {
  type: 'object',
  description: 'IssuanceChannel is one app in which winners get their vouchers.',
  typeHint: { name: 'IssuanceChannel', file: ISSUANCE_TYPES },
  required: ['name', 'merchant', 'appId', 'requestsPerSecond', 'stocks'],
  properties: {
    name: choice('Name of the channel. wechat: WeChat Pay. alipay: Alipay. unionpay: UnionPay.', CHANNELS),
    url: text('Address of the channel. Default: its public address.', 500, 1),
    merchant: {
      ...text(
        'Who issues. wechat: the merchant number (mchid) that created the stocks. alipay, unionpay: the app id once more.',
        64,
        1,
      ),
      pattern: '^[0-9A-Za-z_-]+$',
    },
    appId: {
      ...text('Id of the app at the channel that the accounts of winners belong to.', 64, 1),
      pattern: '^[0-9A-Za-z_-]+$',
    },
    requestsPerSecond: int32(
      'Requests per second that the contract with the channel permits, over all pods. WeChat Pay permits a merchant 500.',
      [1, 100_000],
    ),
    requestsPerDay: int32(
      'Requests per day that the contract permits, over all pods. Left out: no limit.',
      [1, 2_000_000_000],
    ),
    timeZone: {
      ...text('Time zone of the day of requestsPerDay. Default Asia/Shanghai.', 64, 1),
      default: 'Asia/Shanghai',
    },
    stocks: {
      ...listByKey('voucher', 'What each voucher is called at the channel; at least one.', 32, stock),
      minItems: 1,
    },
  },
  'x-kubernetes-validations': [
    rule(
      '.url',
      `!has(self.url) || self.url.matches('${URL_PATTERN}')`,
      'url is not a valid address: write one that begins with https://, without a user name, a password or "#"',
    ),
    KNOWN_TIME_ZONE,
  ],
};

export const issuance: ObjectNode = {
  type: 'object',
  description:
    'Through which channels winners get their vouchers. Left out: the draw is the last step. Channels, merchants and stocks are fixed once ' +
    'issuance has started; rates may change.',
  typeHint: { name: 'IssuanceSpec', file: ISSUANCE_TYPES },
  required: ['channels'],
  properties: {
    secretName: {
      ...secretName(
        'Secret in the namespace of the campaign with the keys of each channel (docs/vouchers.md). Default voucher-issuance. Issuance ' +
          'pods mount it; the operator never reads it.',
      ),
      default: 'voucher-issuance',
    },
    bindBy: instant(
      'Until when winners can bind an account, or another one after a failure. Then the next on the waitlist can move up. Left out: ' +
        'until personal data is destroyed.',
    ),
    channels: { ...listByKey('name', 'Channels that citizens can choose; at least one.', 3, channel), minItems: 1 },
  },
};

export const issuanceStatus: ObjectNode = {
  type: 'object',
  description: 'Issuance of the vouchers. Absent: the campaign has no spec.issuance.',
  typeHint: { name: 'IssuanceStatus', file: ISSUANCE_TYPES },
  properties: {
    startedAt: instant(
      'When issuance started. Once written, channels, merchants and stocks of spec.issuance are fixed.',
    ),
    startedBy: text('Who authorised it.', 256),
    winners: wholeNumber('Vouchers to issue: one for each winner of the draw.'),
    issued: wholeNumber('Vouchers issued, over all channels. Absent: not known yet.'),
    failed: wholeNumber('Requests that failed for good, over all channels. Absent: not known yet.'),
    channels: listByKey('channel', 'Each channel of spec.issuance. Absent: issuance has not started.', 3, {
      type: 'object',
      description: 'ChannelStatus is issuance through one channel.',
      typeHint: { name: 'ChannelStatus', file: ISSUANCE_TYPES },
      required: ['channel', 'state'],
      properties: {
        channel: text('Name of the channel.', 40),
        state: text(
          'Asked: all pods ask it. Stopped: a person has stopped it. SettingsDiffer: its stock differs from spec.vouchers. BooksDiffer: see the condition BooksBalanced. Paused: a ' +
            'contingency level pauses issuance. Refused, Failing, Quota: see the condition ChannelsReachable. Unknown: not known yet.',
          32,
        ),
        issued: wholeNumber('Vouchers issued. Absent: not known yet.'),
        waiting: wholeNumber('Requests whose outcome is not known yet. Absent: not known yet.'),
        failed: wholeNumber('Requests that failed for good. Absent: not known yet.'),
        since: instant('Since when it is stopped. Absent: it is not.'),
        stoppedBy: text('Who stopped it. Absent: no person did.', 256),
        reason: text('Why it is stopped; for people.', 512),
        doneAt: instant(
          'When what waits will be done at the rate that the channel permits, to the minute. Absent: unknown.',
        ),
      },
    }),
  },
};
