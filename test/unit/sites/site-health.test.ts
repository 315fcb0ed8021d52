/** What a site tells the load balancer, and whether it has the keys of the campaign. */

import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { secretKey } from '../../../app/core/secret-key.ts';
import { createSiteHealth } from '../../../app/intake/site-health.ts';
import { fingerprintsOf, keyProblem } from '../../../app/keys/fingerprints.ts';

const world = (overrides: { acknowledgedAtMs?: number; isSilent?: boolean } = {}) => {
  const one = {
    nowMs: 10_000,
    probes: 0,
    isSilent: false,
    acknowledgedAtMs: undefined as number | undefined,
    ...overrides,
  };
  const handler = createSiteHealth({
    acknowledgedAtMs: () => one.acknowledgedAtMs,
    probe: async () => {
      one.probes += 1;
      if (one.isSilent) throw new Error('no answer');
    },
    monotonicMs: () => one.nowMs,
  });
  return Object.assign(one, { status: async () => (await handler(new IncomingMessage(new Socket()), {})).status });
};

describe('a site is healthy', () => {
  it('after an acknowledged registration, for two seconds, without a write of its own', async () => {
    const site = world({ acknowledgedAtMs: 9_000, isSilent: true });
    expect([await site.status(), site.probes]).toEqual([200, 0]);
    site.nowMs = 11_000;
    expect([await site.status(), site.probes]).toEqual([503, 1]);
  });

  it('after a small write, which serves all who ask for two seconds', async () => {
    const site = world();
    expect(await Promise.all([site.status(), site.status(), site.status()])).toEqual([200, 200, 200]);
    expect(site.probes).toBe(1);
    site.nowMs += 1_999;
    expect([await site.status(), site.probes]).toEqual([200, 1]);
    site.nowMs += 1;
    expect([await site.status(), site.probes]).toEqual([200, 2]);
  });

  it('as soon as the journal acknowledges again', async () => {
    const site = world({ isSilent: true });
    expect(await site.status()).toBe(503);
    site.isSilent = false;
    expect(await site.status()).toBe(200);
  });
});

const keysOf = (citizen: number, canary: number) => ({
  citizen: secretKey(Buffer.alloc(32, citizen)),
  canary: secretKey(Buffer.alloc(32, canary)),
});

describe('the keys of a pod', () => {
  const known = fingerprintsOf(keysOf(1, 2), 'spring');

  it('fit if they are those of the first pod', () => {
    expect(keyProblem(fingerprintsOf(keysOf(1, 2), 'spring'), known)).toBeUndefined();
  });

  it.each([
    ['citizen.key', keysOf(3, 2), /^citizen\.key of the privacy Secret is not the one/],
    ['canary.key', keysOf(1, 3), /^canary\.key of/],
    ['both', keysOf(3, 3), /^citizen\.key and canary\.key of/],
  ])('do not if %s differs', (_, keys, message) => {
    expect(keyProblem(fingerprintsOf(keys, 'spring'), known)).toMatch(message);
  });

  it('have fingerprints that reveal nothing of another campaign, nor of the key', () => {
    const other = fingerprintsOf(keysOf(1, 2), 'autumn');
    expect(other.citizen).not.toBe(known.citizen);
    expect(known.citizen).toMatch(/^[0-9a-f]{16}$/);
  });
});
