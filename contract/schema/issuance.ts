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
        'Id of the stock at the channel. wechat: stock_id. alipay: template_id. unionpay: couponId. The stock must exist, and be started.',
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
        'Who issues the vouchers. wechat: the merchant number (mchid) that created the stocks. alipay, unionpay: the app id, as in appId.',
        64,
        1,
      ),
      pattern: '^[0-9A-Za-z_-]+$',
    },
    appId: {
      ...text('Id of the app at the channel. The accounts of winners belong to this app.', 64, 1),
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
      ...listByKey(
        'voucher',
        'The stock of each voucher at the channel; one for every voucher of the campaign.',
        32,
        stock,
      ),
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
    'Through which channels winners get their vouchers. Left out: the draw is the last step. Names, merchants, appIds and stocks of the ' +
    'channels are fixed once issuance has started; addresses, rates and time zones can change.',
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
      'Until when winners can bind an account, or replace it after a request has failed. Afterwards an owner can let the next on the ' +
        'waiting list move up. Left out: until personal data is destroyed. Fixed once issuance has started.',
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
      'When issuance started. From then on names, merchants, appIds and stocks of the channels are fixed.',
    ),
    startedBy: text('Who authorised the start.', 256),
    winners: wholeNumber('Vouchers to issue: one for each winner of the draw.'),
    issued: wholeNumber('Vouchers issued, over all channels. Absent: not known yet.'),
    failed: wholeNumber('Requests that failed for good, over all channels. Absent: not known yet.'),
    reconciledFor: instant(
      'The time at which every winner had a voucher, once the operator has asked the channels for every request since. The report is in ' +
        'the log of that Job. Absent: not done.',
    ),
    channels: listByKey(
      'channel',
      'Each channel of spec.issuance. Absent: issuance has not started, and no channel is stopped.',
      3,
      {
        type: 'object',
        description: 'ChannelStatus is issuance through one channel.',
        typeHint: { name: 'ChannelStatus', file: ISSUANCE_TYPES },
        required: ['channel', 'state'],
        properties: {
          channel: text('Name of the channel.', 40),
          state: text(
            'Asked: all pods send it requests. Stopped: a person has stopped it. SettingsDiffer: its stock differs from spec.vouchers. BooksDiffer: see the condition BooksBalanced. Paused: a ' +
              'contingency level pauses issuance. Refused, Failing, Quota: see the condition ChannelsReachable. Unknown: not known yet.',
            32,
          ),
          issued: wholeNumber('Vouchers issued. Absent: not known yet.'),
          waiting: wholeNumber('Requests whose outcome is not known yet. Absent: not known yet.'),
          failed: wholeNumber('Requests that failed for good. Absent: not known yet.'),
          since: instant('Since when it is stopped. Absent: it is not stopped.'),
          stoppedBy: text('Who stopped it. Absent: no person has stopped it.', 256),
          reason: text('Why it is stopped; for people.', 512),
          doneAt: instant(
            'When the waiting requests will be done at the rate that the channel permits, rounded up to the minute. Absent: unknown, or none waits.',
          ),
        },
      },
    ),
  },
};
