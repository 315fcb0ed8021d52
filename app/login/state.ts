/**
 * What a login must remember until the system answers, in a cookie of the browser that began it. The tier has no store, and any of its pods
 * can continue.
 *
 *   cookie   = JWS(HS256) of system, challenge, random r and expiry
 *   state    = SHA-256 of the cookie
 *   verifier = HMAC(key, "pkce" ‖ r)
 *   nonce    = HMAC(key, "nonce" ‖ r)
 *
 * So an answer counts only in that browser, for ten minutes, and whoever reads the address of the callback knows neither verifier nor nonce.
 * The key derives from the private key, which all pods of the tier have.
 */
import { createHash, createHmac, hkdfSync, randomBytes } from 'node:crypto';
import { jwtVerify, SignJWT } from 'jose';
import { z } from 'zod';
import type { Attempt } from './ports.ts';

/** A citizen may have to find a phone, or a password. */
export const LOGIN_WITHIN_SECONDS = 600;

const claims = z.object({ system: z.string(), challenge: z.string(), r: z.string() });

type Secrets = Omit<Attempt, 'redirectUri'>;

export interface Begun extends Secrets {
  readonly cookie: string;
}
export interface Resumed extends Secrets {
  readonly challenge: string;
}

export interface LoginStates {
  begin(system: string, challenge: string, nowMs: number): Promise<Begun>;
  /** Undefined: not begun in this browser, or too long ago. */
  resume(system: string, cookie: string, state: string, nowMs: number): Promise<Resumed | undefined>;
}

const stateOf = (cookie: string): string => createHash('sha256').update(cookie).digest('hex');

export const createLoginStates = (privateKey: string): LoginStates => {
  const key = Buffer.from(hkdfSync('sha256', privateKey, '', 'voucher login state', 32));
  const secretOf = (what: string, r: string): string =>
    createHmac('sha256', key).update(`${what}\0${r}`).digest('base64url');
  const secretsOf = (cookie: string, r: string): Secrets => ({
    state: stateOf(cookie),
    codeVerifier: secretOf('pkce', r),
    nonce: secretOf('nonce', r),
  });
  return {
    async begin(system, challenge, nowMs) {
      const r = randomBytes(16).toString('base64url');
      const cookie = await new SignJWT({ system, challenge, r })
        .setProtectedHeader({ alg: 'HS256' })
        .setExpirationTime(Math.floor(nowMs / 1_000) + LOGIN_WITHIN_SECONDS)
        .sign(key);
      return { cookie, ...secretsOf(cookie, r) };
    },
    async resume(system, cookie, state, nowMs) {
      if (stateOf(cookie) !== state) return undefined;
      const options = { algorithms: ['HS256'], currentDate: new Date(nowMs), requiredClaims: ['exp'] };
      const verified = await jwtVerify(cookie, key, options).catch(() => undefined);
      const known = claims.safeParse(verified?.payload);
      if (!known.success || known.data.system !== system) return undefined;
      return { challenge: known.data.challenge, ...secretsOf(cookie, known.data.r) };
    },
  };
};
