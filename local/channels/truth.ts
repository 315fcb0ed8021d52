/**
 * What the local channels know of an account. Tests and the demo compute the same by these rules. It shares no code with app/. Pure.
 *
 * n = the first four bytes (big-endian) of SHA-256("channel/" + account), modulo 10,000
 *
 * | n                                          | standing                                             |
 * |--------------------------------------------|------------------------------------------------------|
 * | below `absent`                             | absent: the account does not exist                   |
 * | from there, below `absent` + `limited`     | limited: it has as many vouchers as it may have      |
 * | others                                     | good, if it looks like an account of the channel     |
 */
import { hash } from 'node:crypto';
import type { Channel } from '../../contract/envelope.ts';

export type Standing = 'good' | 'absent' | 'limited';

/** Of ten thousand accounts. */
export interface Shares {
  readonly absent: number;
  readonly limited: number;
}

const FORMS: Readonly<Record<Channel, RegExp>> = {
  wechat: /^o[0-9A-Za-z_-]{27}$/,
  alipay: /^2088\d{12}$/,
  unionpay: /^[0-9A-Za-z+/=]{32}$/,
};

export const standingOf = (channel: Channel, account: string, { absent, limited }: Shares): Standing => {
  if (!FORMS[channel].test(account)) return 'absent';
  const n = hash('sha256', `channel/${account}`, 'buffer').readUInt32BE() % 10_000;
  if (n < absent) return 'absent';
  return n < absent + limited ? 'limited' : 'good';
};

/** The account of a synthetic citizen. Two indices never share one. */
export const accountOf = (channel: Channel, seed: number, index: number): string => {
  const digest = hash('sha256', `account/${channel}/${seed}/${index}`, 'base64url');
  const number = String(index).padStart(8, '0');
  switch (channel) {
    case 'wechat':
      return `o${digest.slice(0, 19)}${number}`;
    case 'alipay':
      return `2088${String(Math.abs(seed) % 10_000).padStart(4, '0')}${number}`;
    case 'unionpay':
      return `${digest.replace(/[-_]/g, 'A').slice(0, 24)}${number}`;
  }
};
