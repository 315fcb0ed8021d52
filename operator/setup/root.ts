/**
 * The root of the embedded data plane: the key of the accounts' passwords and the authority of the certificates. A Secret
 * that is created once and mounted into the set-up, which may not read it otherwise.
 *
 * Passwords are derived from it, so that the journal's servers know the password of a campaign that is added later: a new
 * Secret would be a new volume, for which every server has to restart.
 */
import { ACCOUNTS_KEY } from '../../contract/accounts.ts';
import { type Certified, newAuthority } from './certificates.ts';

export const ROOT_KEYS = { accounts: ACCOUNTS_KEY, certificate: 'ca.crt', key: 'ca.key' } as const;

export interface Root {
  /** 32 bytes in base64. */
  readonly accountsKey: string;
  readonly authority: Certified;
}

export type Random = (bytes: number) => Buffer;

export const newRoot = (release: string, random: Random, nowMs: number): Root => ({
  accountsKey: random(32).toString('base64'),
  authority: newAuthority(`${release} data plane`, { random, nowMs }),
});
