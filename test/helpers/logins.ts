/** Logins between fakes: a key pair, a browser's nonce, assertions as the login tier signs them, and others. */
import { generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import { CompactSign } from 'jose';
import { ASSERTION_TYPE, challengeOf } from '../../app/login/check.ts';
import type { AccountAssertion, IdentityAssertion } from '../../contract/outside/login.ts';

export const keyPair = () => {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const { x = '' } = publicKey.export({ format: 'jwk' });
  return {
    privateKey,
    pem: String(privateKey.export({ format: 'pem', type: 'pkcs8' })),
    /** As in spec.login.publicKey. */
    publicKey: Buffer.from(x, 'base64url').toString('base64'),
  };
};

export const newNonce = (): string => randomBytes(32).toString('base64url');

type Said = Partial<Omit<IdentityAssertion, 'kind'>> & Partial<Omit<AccountAssertion, 'kind'>>;

/** An assertion and its nonce; a case states what differs. */
export const assertedBy = async (
  key: KeyObject,
  said: Said & { readonly kind: 'identity' | 'account' },
  { atMs = 0, nonce = newNonce(), typ = ASSERTION_TYPE }: { atMs?: number; nonce?: string; typ?: string } = {},
) => {
  const iat = Math.floor(atMs / 1_000);
  const payload = {
    v: 1,
    campaignId: 'test-campaign',
    system: said.kind === 'identity' ? 'city' : 'wechat',
    jti: randomBytes(16).toString('base64url'),
    challenge: challengeOf(nonce),
    iat,
    exp: iat + 900,
    ...said,
  };
  const assertion = await new CompactSign(Buffer.from(JSON.stringify(payload)))
    .setProtectedHeader({ alg: 'EdDSA', typ })
    .sign(key);
  return { assertion, nonce };
};

/** The same claims without a signature. */
export const unsigned = (assertion: string): string => {
  const [, payload = ''] = assertion.split('.');
  const head = Buffer.from(JSON.stringify({ alg: 'none', typ: ASSERTION_TYPE })).toString('base64url');
  return `${head}.${payload}.`;
};

/** Sections of a campaign with logins and issuance, as live settings carry them. */
export const loginSections = (publicKey: string, over: Record<string, unknown> = {}) => ({
  login: {
    publicKey,
    url: 'https://login.example',
    page: 'https://vouchers.example/register',
    systems: [
      {
        name: 'city',
        type: 'Oidc',
        url: 'https://id.example',
        clientId: 'vouchers',
        claims: { name: 'name', idNumber: 'id_number' },
        requestsPerSecond: 100,
      },
    ],
  },
  issuance: { channels: [{ name: 'wechat' }, { name: 'alipay' }] },
  ...over,
});
