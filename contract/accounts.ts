/**
 * Accounts of a campaign's tiers and Jobs on the embedded journal and database. Passwords are derived from one key, so the servers also
 * know those of a campaign that is added later (docs/adr/0011). Pure.
 */
import { createHmac } from 'node:crypto';
import type { Workload } from './jobs.ts';

/** Key of the root Secret, and its file where that is mounted. */
export const ACCOUNTS_KEY = 'accounts.key';

export type AccountServer = 'nats' | 'postgres';

/**
 * User of a tier or Job, on the journal and on the database. Without one: the database, the role that owns its tables, and the
 * account that all tiers shared in earlier releases. No campaignId has an underscore, so the names are unique.
 */
export const accountName = (campaignId: string, workload?: Workload): string =>
  workload === undefined ? `campaign-${campaignId}` : `campaign-${campaignId}_${workload}`;

/** Hex after a letter: a configuration parser never reads it as a number, and a URL needs no escaping. */
export const passwordText = (bytes: Uint8Array): string => `v${Buffer.from(bytes).toString('hex')}`;

/** @param accountsKey 32 bytes in base64 */
export const accountPassword = (
  accountsKey: string,
  server: AccountServer,
  campaignId: string,
  workload?: Workload,
): string =>
  passwordText(
    createHmac('sha256', Buffer.from(accountsKey, 'base64'))
      .update([server, campaignId, ...(workload === undefined ? [] : [workload])].join(' '))
      .digest()
      .subarray(0, 24),
  );
