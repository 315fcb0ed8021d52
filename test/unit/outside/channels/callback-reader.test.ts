import { describe, expect, it } from '@jest/globals';
import { ConfigError } from '../../../../app/config.ts';
import { type CallbackKeys, createCallbackReader } from '../../../../app/outside/channels/callback-reader.ts';
import {
  API_V3_KEY,
  MERCHANT,
  newChannelKeys,
  newPair,
  PUBLIC_KEY_ID,
} from '../../../helpers/channels/channel-keys.ts';
import { callbackBody, signedHeaders } from '../../../helpers/channels/wechat-peer.ts';

const { platform } = newChannelKeys();
const next = newPair();
const NOW_MS = Date.parse('2020-09-26T12:35:00+08:00');
const keysOf = ({ publicKey }: typeof next): CallbackKeys => ({
  verifiers: new Map([[PUBLIC_KEY_ID, publicKey]]),
  apiV3Key: Buffer.from(API_V3_KEY),
});

const worldOf = () => {
  const world = {
    atMs: 0,
    reads: 0,
    keys: keysOf(platform) as CallbackKeys | Error,
    async kindBy({ privatePem }: typeof next): Promise<string> {
      const body = callbackBody({ merchant: MERCHANT, stock: '1', coupon: '7' }, API_V3_KEY);
      const headers = signedHeaders(body, { serial: PUBLIC_KEY_ID, privatePem }, { nowMs: NOW_MS });
      return (await read({ headers, bytes: Buffer.from(body) }, MERCHANT, NOW_MS)).kind;
    },
  };
  const read = createCallbackReader(
    async () => {
      world.reads += 1;
      if (world.keys instanceof Error) throw world.keys;
      return world.keys;
    },
    () => world.atMs,
  );
  return world;
};

describe('keys for callbacks', () => {
  it('are read once for many callbacks, also forged ones', async () => {
    const world = worldOf();
    expect(await Promise.all([platform, next, platform].map(world.kindBy))).toEqual(['used', 'forged', 'used']);
    world.atMs = 9_999;
    expect(await world.kindBy(next)).toBe('forged');
    expect(world.reads).toBe(1);
  });

  it('that were rotated are used after 10 s', async () => {
    const world = worldOf();
    await world.kindBy(platform);
    world.keys = keysOf(next);
    expect(await world.kindBy(next)).toBe('forged');
    world.atMs = 10_000;
    expect([await world.kindBy(next), await world.kindBy(platform)]).toEqual(['used', 'forged']);
  });

  it('that can’t be read let nothing be believed, until they can', async () => {
    const world = worldOf();
    world.keys = new ConfigError('no key');
    expect(await world.kindBy(platform)).toBe('keys');
    world.keys = keysOf(platform);
    world.atMs = 10_000;
    expect(await world.kindBy(platform)).toBe('used');
  });
});
