/**
 * What everything else of the embedded data plane can be made from again: the key of the accounts' passwords and the
 * authority of the certificates. A Secret that is made once and mounted into the set-up, which may not read it otherwise.
 *
 * Passwords are derived from it, so that the journal's servers know the password of a campaign that is added later: who
 * made it can't hand it to them, and a Secret of its own would be a new volume, for which every server has to restart.
 */
import { createHmac } from 'node:crypto';
import { type Certified, newAuthority } from './certificates.ts';

export const ROOT_KEYS = { accounts: 'accounts.key', certificate: 'ca.crt', key: 'ca.key' } as const;

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

/** Hex behind a letter: never a number to a configuration parser, nothing to escape in a URL. */
export const passwordText = (bytes: Buffer): string => `v${bytes.toString('hex')}`;

/** @param accountsKey 32 bytes in base64 */
export const accountPassword = (accountsKey: string, server: 'nats' | 'postgres', campaignId: string): string =>
  passwordText(
    createHmac('sha256', Buffer.from(accountsKey, 'base64')).update(`${server} ${campaignId}`).digest().subarray(0, 24),
  );

/** NATS user, database and database role of a campaign. */
export const accountName = (campaignId: string): string => `campaign-${campaignId}`;
