/**
 * From which network a request comes. The result is a key of a meter for some minutes; it is never stored, logged or a label.
 *
 * `X-Forwarded-For` is believed as far as the proxies that wrote it are named in `spec.traffic.trustedProxies`: from the right end, the
 * first address that is none of them.
 *
 * | socket      | X-Forwarded-For            | trusted    | address |
 * |-------------|----------------------------|------------|---------|
 * | 203.0.113.9 | 198.51.100.7               | none       | 203.0.113.9 |
 * | 10.0.0.2    | 198.51.100.7               | 10.0.0.0/8 | 198.51.100.7 |
 * | 10.0.0.2    | 1.1.1.1, 198.51.100.7, 10.0.0.1 | 10.0.0.0/8 | 198.51.100.7: the first entry is the client's own word |
 * | 10.0.0.2    | 198.51.100.7, unknown      | 10.0.0.0/8 | 10.0.0.2: what a proxy wrote can't be read |
 * | 10.0.0.2    | none                       | 10.0.0.0/8 | 10.0.0.2 |
 */
import type { IncomingMessage } from 'node:http';
import { BlockList, isIP, isIPv4 } from 'node:net';

const MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;
/** An IPv4 address that arrived at an IPv6 socket is one of IPv4. */
const plain = (address: string): string => MAPPED.exec(address)?.[1] ?? address;

/** More hops than any path has. */
const MAX_HOPS = 16;
const MAX_HEADER_LENGTH = 1_024;

export type IsTrusted = (address: string) => boolean;

const trusts = new WeakMap<readonly string[], IsTrusted>();

/** @param cidrs of the live settings; one that can't be read trusts no one */
export const trustedBy = (cidrs: readonly string[]): IsTrusted => {
  const known = trusts.get(cidrs);
  if (known !== undefined) return known;
  const list = new BlockList();
  for (const cidr of cidrs) {
    const [address = '', bits = ''] = cidr.split('/');
    const family = isIP(address);
    const length = Number(bits);
    if (family === 0 || !/^\d{1,3}$/.test(bits) || length > (family === 4 ? 32 : 128)) continue;
    list.addSubnet(address, length, family === 4 ? 'ipv4' : 'ipv6');
  }
  const isTrusted: IsTrusted = (address) => list.check(address, isIPv4(address) ? 'ipv4' : 'ipv6');
  trusts.set(cidrs, isTrusted);
  return isTrusted;
};

/** Undefined: the connection is gone. */
export const addressOf = (request: IncomingMessage, isTrusted: IsTrusted): string | undefined => {
  const { remoteAddress } = request.socket;
  if (remoteAddress === undefined) return undefined;
  const header = request.headers['x-forwarded-for'];
  let address = plain(remoteAddress);
  if (header === undefined || header.length > MAX_HEADER_LENGTH) return address;
  const hops = String(header).split(',').slice(-MAX_HOPS);
  for (let hop = hops.pop(); hop !== undefined && isTrusted(address); hop = hops.pop()) {
    const before = plain(hop.trim());
    if (isIP(before) === 0) return address;
    address = before;
  }
  return address;
};

/** The eight groups of an IPv6 address. */
const groupsOf = (address: string): readonly string[] => {
  const [head = '', tail] = (address.split('%')[0] ?? '').toLowerCase().split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros =
    tail === undefined ? [] : Array.from({ length: Math.max(0, 8 - before.length - after.length) }, () => '0');
  return [...before, ...zeros, ...after].map((group) => group.padStart(4, '0'));
};

/** A network, and how many times the limit of one address it may use. */
export interface Prefix {
  readonly key: string;
  readonly times: number;
}

/**
 * An IPv4 address; of IPv6 the /56 that a home gets, and the /48 that a customer of a hosting company gets, who could use 256 of these.
 */
export const prefixesOf = (address: string): readonly [Prefix, ...Prefix[]] => {
  if (isIPv4(address)) return [{ key: address, times: 1 }];
  const [a = '', b = '', c = '', d = ''] = groupsOf(address);
  const site = `${a}:${b}:${c}`;
  return [
    { key: `${site}:${d.slice(0, 2)}/56`, times: 1 },
    { key: `${site}/48`, times: 16 },
  ];
};
