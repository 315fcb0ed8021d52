/** Signs assertions with the private key of the login tier. */
import { randomBytes } from 'node:crypto';
import { CompactSign, importPKCS8 } from 'jose';
import { ASSERTION_VALID_MS } from '../../contract/outside/login.ts';
import { ALGORITHM, ASSERTION_TYPE } from './check.ts';
import type { LoggedIn } from './ports.ts';

export interface SignedFor {
  readonly campaignId: string;
  readonly system: string;
  readonly challenge: string;
}

export type SignAssertion = (who: LoggedIn, of: SignedFor, nowMs: number) => Promise<string>;

/** @param privateKey PKCS 8 in PEM. @throws Error when it is no Ed25519 key */
export const createAssertionSigner = async (privateKey: string): Promise<SignAssertion> => {
  const key = await importPKCS8(privateKey, ALGORITHM);
  return (who, of, nowMs) => {
    const iat = Math.floor(nowMs / 1_000);
    const head = {
      v: 1,
      ...of,
      jti: randomBytes(16).toString('base64url'),
      iat,
      exp: iat + ASSERTION_VALID_MS / 1_000,
    };
    return new CompactSign(Buffer.from(JSON.stringify({ ...head, ...who }), 'utf8'))
      .setProtectedHeader({ alg: ALGORITHM, typ: ASSERTION_TYPE })
      .sign(key);
  };
};
