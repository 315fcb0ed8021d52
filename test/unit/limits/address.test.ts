import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { addressOf, prefixesOf, trustedBy } from '../../../app/limits/address.ts';

const requestFrom = (remoteAddress: string | undefined, forwarded?: string): IncomingMessage => {
  const request = new IncomingMessage(new Socket());
  Object.defineProperty(request.socket, 'remoteAddress', { value: remoteAddress });
  if (forwarded !== undefined) request.headers['x-forwarded-for'] = forwarded;
  return request;
};

const INSIDE = ['10.0.0.0/8', 'fd00::/8'];

describe('the address of a client', () => {
  const cases: readonly [string, string | undefined, string | undefined, readonly string[], string | undefined][] = [
    ['is that of the connection where no proxy is named', '203.0.113.9', '198.51.100.7', [], '203.0.113.9'],
    ['is what a named proxy says', '10.0.0.2', '198.51.100.7', INSIDE, '198.51.100.7'],
    ['is never what the client itself says', '10.0.0.2', '1.1.1.1, 198.51.100.7, 10.0.0.1', INSIDE, '198.51.100.7'],
    ['is that of a stranger who pretends to be a proxy', '203.0.113.9', '10.0.0.9', INSIDE, '203.0.113.9'],
    ['is the proxy’s where its word can’t be read', '10.0.0.2', '198.51.100.7, unknown', INSIDE, '10.0.0.2'],
    ['is the proxy’s where it says nothing', '10.0.0.2', undefined, INSIDE, '10.0.0.2'],
    ['is the first of many proxies', '10.0.0.2', '10.0.0.5, 10.0.0.4', INSIDE, '10.0.0.5'],
    ['is IPv4 at a socket of IPv6', '::ffff:203.0.113.9', undefined, [], '203.0.113.9'],
    ['is believed from a proxy of IPv4 at a socket of IPv6', '::ffff:10.0.0.2', '198.51.100.7', INSIDE, '198.51.100.7'],
    ['is IPv6 behind a proxy of IPv6', 'fd00::1', '2001:db8::7', INSIDE, '2001:db8::7'],
    [
      'is that of the connection where a network can’t be read',
      '10.0.0.2',
      '198.51.100.7',
      ['10.0.0.0/99', 'x'],
      '10.0.0.2',
    ],
    ['is unknown when the connection is gone', undefined, '198.51.100.7', INSIDE, undefined],
    ['is the proxy’s where the header is too long', '10.0.0.2', `${'1.1.1.1,'.repeat(200)}1.1.1.1`, INSIDE, '10.0.0.2'],
  ];
  it.each(cases)('%s', (_name, socket, forwarded, trusted, address) => {
    expect(addressOf(requestFrom(socket, forwarded), trustedBy(trusted))).toBe(address);
  });

  it('is never the client’s word, whatever it writes before what the proxy adds', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.ipV4(), fc.ipV6(), fc.string({ maxLength: 20 })), { maxLength: 12 }), (own) => {
        const forwarded = [...own, '198.51.100.7'].join(', ');
        expect(addressOf(requestFrom('10.0.0.2', forwarded), trustedBy(INSIDE))).toBe('198.51.100.7');
      }),
    );
  });
});

describe('the networks of an address', () => {
  it('of IPv4 are the address alone', () => {
    expect(prefixesOf('203.0.113.9')).toEqual([{ key: '203.0.113.9', times: 1 }]);
  });

  it('of IPv6 are its /56, and its /48 with sixteen times the limit', () => {
    expect(prefixesOf('2001:db8:1:22ff::9')).toEqual([
      { key: '2001:0db8:0001:22/56', times: 1 },
      { key: '2001:0db8:0001/48', times: 16 },
    ]);
  });

  it('are the same for every way to write one address', () => {
    const written = ['2001:db8::1', '2001:0DB8:0:0::1', '2001:db8:0:0:0:0:0:1', '2001:db8::ffff%eth0'];
    expect(new Set(written.map((address) => JSON.stringify(prefixesOf(address)))).size).toBe(1);
  });
});
