/**
 * The verdict of the city's login that a registration carries: verified, without a request to a provider. The intake has checked it, and that
 * no other receipt used it. It is checked once more here, because an intake faces the internet. One that does not count is treated as if there
 * were none: a provider is asked.
 */
import { z } from 'zod';
import { type CheckAssertion, isOfPerson } from '../login/check.ts';
import type { Verdict } from './verdict.ts';

/** As intakes seal it. */
export const sentLogin = z.object({ assertion: z.string(), nonce: z.string() });

interface Fields {
  readonly name: string;
  readonly idNumber: string;
  readonly identity?: z.infer<typeof sentLogin> | undefined;
}

/** @param atMs when the registration arrived: the login may be hours ago by now */
export type Asserted = (fields: Fields, atMs: number) => Promise<Verdict | undefined>;

/** @param publicKey of `spec.login`, as it is now; undefined: the campaign has no logins */
export const createAsserted =
  (check: CheckAssertion, publicKey: () => string | undefined): Asserted =>
  async ({ name, idNumber, identity }, atMs) => {
    const key = publicKey();
    if (identity === undefined || key === undefined) return undefined;
    const found = await check('identity', identity, key, atMs);
    if (found.kind === 'fault') return undefined;
    const { assertion } = found;
    const isSame = isOfPerson(assertion, { name, idNumber }, atMs);
    return isSame ? { type: 'verified', data: { system: assertion.system } } : undefined;
  };
