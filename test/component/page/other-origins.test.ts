/** A page of one site registers at the other one: what a browser asks and is answered. */
import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { bodyOf, type ServedIntake, settingsOf, startTestIntake } from '../../helpers/intake.ts';

const OTHER = 'https://b.vouchers.example.org';
let intake: ServedIntake;
beforeEach(async () => {
  intake = await startTestIntake();
  intake.world.settings = settingsOf({ look: { otherOrigins: [OTHER] } });
});
afterEach(() => intake.stop());

const ask = (method: string, origin: string, body?: unknown): Promise<Response> =>
  fetch(`${intake.url}/api/v1/registrations`, {
    method,
    headers: { origin, 'content-type': 'application/json', 'idempotency-key': randomUUID() },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });

describe('a page of another site', () => {
  it('may register here, and reads the answer', async () => {
    const preflight = await ask('OPTIONS', OTHER);
    expect([preflight.status, preflight.headers.get('access-control-allow-origin')]).toEqual([204, OTHER]);
    expect(preflight.headers.get('access-control-allow-headers')).toContain('idempotency-key');
    const answer = await ask('POST', OTHER, bodyOf(1));
    expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([201, OTHER]);
  });

  it('reads why and when to come again', async () => {
    intake.world.publish = async () => ({ kind: 'unavailable', reason: 'timeout', retryAfterMs: 1_000 });
    const answer = await ask('POST', OTHER, bodyOf(1));
    expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([503, OTHER]);
    expect(answer.headers.get('access-control-expose-headers')).toBe('Retry-After');
  });

  it('that the campaign does not name may not', async () => {
    const preflight = await ask('OPTIONS', 'https://evil.example');
    expect(preflight.headers.get('access-control-allow-origin')).toBeNull();
    expect(
      (await ask('POST', 'https://evil.example', bodyOf(1))).headers.get('access-control-allow-origin'),
    ).toBeNull();
  });

  it('is named by the page, which may connect there and send its forms there', async () => {
    const page = await fetch(`${intake.url}/register`);
    expect(await page.text()).toContain(`data-origins="${OTHER}"`);
    expect(page.headers.get('content-security-policy')).toContain(`connect-src 'self' ${OTHER};`);
  });
});
