/**
 * Assertions of the login tier: who someone is by the city's login, or which account is theirs at a channel. Pure.
 *
 * The browser makes a random nonce and goes to `/login/<system>?challenge=<base64url SHA-256 of the nonce>`. After the system's own
 * login the login tier signs an assertion that holds the challenge (JWS, EdDSA, Ed25519). A registration, or a later request with receipt
 * and secret, carries assertion and nonce. So an assertion that was stolen is worth nothing without the nonce of its session, and no pod
 * needs a store of sessions.
 *
 * The login tier holds the private key. The public key is `spec.login.publicKey`: intake and verification check every assertion
 * with it. An assertion is used once: its `jti` is claimed by one receipt (journal/claims.ts).
 */
import type { Channel } from '../envelope.ts';

/** An assertion counts this long after the login. */
export const ASSERTION_VALID_MS = 15 * 60_000;

interface AssertionHead {
  readonly v: 1;
  readonly campaignId: string;
  /** Of `spec.login.systems`. */
  readonly system: string;
  /** Random, 128 bits, base64url. */
  readonly jti: string;
  /** Base64url SHA-256 of the browser's nonce. */
  readonly challenge: string;
  /** Unix seconds. */
  readonly iat: number;
  readonly exp: number;
}

/** By the city's unified login. */
export interface IdentityAssertion extends AssertionHead {
  readonly kind: 'identity';
  readonly name: string;
  readonly idType: string;
  readonly idNumber: string;
}

/** By a channel's login. */
export interface AccountAssertion extends AssertionHead {
  readonly kind: 'account';
  readonly channel: Channel;
  readonly account: string;
}

export type Assertion = IdentityAssertion | AccountAssertion;

/**
 * Files of the Secret `spec.login.secretName`, text without a trailing newline. `privateKey`: PKCS 8 in PEM; its public half is
 * `spec.login.publicKey`. `clientSecret`: of a system of type Oidc; none for a public client. Those of channels:
 * app/outside/channels/account-login.ts.
 */
export const LOGIN_KEYS = {
  privateKey: 'login.private-key.pem',
  clientSecret: (system: string): string => `${system}.client-secret`,
} as const;

/** Where citizens begin a login, and where the system sends them back. */
export const loginPath = (system: string): string => `/login/${system}`;
export const callbackPath = (system: string): string => `${loginPath(system)}/callback`;

/**
 * Bucket of what is held by one at a time: `assertion.<jti>` with the receipt that used the assertion, for an hour;
 * `account.<accountHash>` with the citizenHash, because a citizen may have several receipts; `coupon.<channel>-<coupon>` with the receipt
 * and citizen that have the voucher (journal/coupons.ts).
 */
export const claimsBucketName = (campaignId: string): string => `claims_${campaignId}`;
