/**
 * Whether an assertion of the login tier counts in a request. Intake and verification check each one themselves.
 *
 * | the assertion                                             | result |
 * |-----------------------------------------------------------|--------|
 * | is no JWS by EdDSA and our key, or of another shape or kind | invalid |
 * | is signed for another campaign                            | other_campaign |
 * | was signed after `atMs`, or more than 15 minutes before   | expired |
 * | holds the digest of another nonce                         | wrong_nonce |
 * | anything else                                             | valid |
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { compactVerify, importJWK } from 'jose';
import { z } from 'zod';
import { CHANNELS } from '../../contract/envelope.ts';
import {
  type AccountAssertion,
  ASSERTION_VALID_MS,
  type Assertion,
  type IdentityAssertion,
} from '../../contract/outside/login.ts';
import { parseUntrusted } from '../../contract/untrusted.ts';
import { parseIdentityNumber } from '../core/identity-number.ts';
import { normalName } from '../core/normal-form.ts';

/** Distinguishes it from every other JWS. */
export const ASSERTION_TYPE = 'voucher-assertion+jws';
export const ALGORITHM = 'EdDSA';

export const ASSERTION_FAULTS = ['invalid', 'expired', 'other_campaign', 'wrong_nonce'] as const;
export type AssertionFault = (typeof ASSERTION_FAULTS)[number];

interface OfKind {
  readonly identity: IdentityAssertion;
  readonly account: AccountAssertion;
}

export type Checked<Kind extends keyof OfKind> =
  | { readonly kind: 'valid'; readonly assertion: OfKind[Kind] }
  | { readonly kind: 'fault'; readonly fault: AssertionFault };

/** As a citizen's page sends it. */
export interface SentAssertion {
  readonly assertion: string;
  readonly nonce: string;
}

/** Never rejects. @param publicKey of `spec.login` @param atMs when the request arrived */
export type CheckAssertion = <Kind extends keyof OfKind>(
  kind: Kind,
  sent: SentAssertion,
  publicKey: string,
  atMs: number,
) => Promise<Checked<Kind>>;

/** Clocks of two pods may differ. */
const CLOCK_SKEW_MS = 60_000;

const head = {
  v: z.literal(1),
  campaignId: z.string(),
  system: z.string(),
  jti: z.string().regex(/^[\w-]{22}$/),
  challenge: z.string(),
  iat: z.int(),
  exp: z.int(),
};
const SHAPES: { readonly [Kind in keyof OfKind]: z.ZodType<OfKind[Kind]> } = {
  identity: z.object({
    ...head,
    kind: z.literal('identity'),
    name: z.string(),
    idType: z.string(),
    idNumber: z.string(),
  }),
  account: z.object({
    ...head,
    kind: z.literal('account'),
    channel: z.enum(CHANNELS),
    account: z.string().min(1).max(256),
  }),
};

export const challengeOf = (nonce: string): string => createHash('sha256').update(nonce).digest('base64url');

const isEqual = (one: string, other: string): boolean => {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
};

/** The same person, by the rules of registrations. @param person in normal form */
export const isOfPerson = (
  { name, idNumber }: Pick<IdentityAssertion, 'name' | 'idNumber'>,
  person: Pick<IdentityAssertion, 'name' | 'idNumber'>,
  nowMs: number,
): boolean => {
  const number = parseIdentityNumber(idNumber, nowMs);
  return number.kind === 'valid' && number.normalised === person.idNumber && normalName(name) === person.name;
};

const isInTime = ({ iat, exp }: Assertion, atMs: number): boolean =>
  iat * 1_000 <= atMs + CLOCK_SKEW_MS && atMs < Math.min(exp * 1_000, iat * 1_000 + ASSERTION_VALID_MS);

export const createAssertionCheck = (campaignId: string): CheckAssertion => {
  let known: { readonly text: string; readonly key: ReturnType<typeof importJWK> } | undefined;
  const keyOf = (text: string) => {
    if (known?.text !== text) {
      const x = Buffer.from(text, 'base64').toString('base64url');
      known = { text, key: importJWK({ kty: 'OKP', crv: 'Ed25519', x }, ALGORITHM) };
    }
    return known.key;
  };
  return async (kind, { assertion, nonce }, publicKey, atMs) => {
    const verified = await keyOf(publicKey)
      .then((key) => compactVerify(assertion, key, { algorithms: [ALGORITHM] }))
      .catch(() => undefined);
    const found =
      verified?.protectedHeader.typ === ASSERTION_TYPE ? parseUntrusted(SHAPES[kind], verified.payload) : undefined;
    const fault = (of: AssertionFault) => ({ kind: 'fault', fault: of }) as const;
    if (found === undefined) return fault('invalid');
    if (found.campaignId !== campaignId) return fault('other_campaign');
    if (!isInTime(found, atMs)) return fault('expired');
    if (!isEqual(found.challenge, challengeOf(nonce))) return fault('wrong_nonce');
    return { kind: 'valid', assertion: found };
  };
};
