/**
 * Whether this pod has the keys with which the campaign began. With another `citizen.key` every person would be a new one, could
 * register again, and no receipt would be found. It happens when a second site, or a restored one, gets a Secret of its own. Pure.
 */
import { createHmac } from 'node:crypto';
import type { KeyFingerprints } from '../../contract/sites.ts';
import type { SecretKey } from '../core/secret-key.ts';
import type { PrivacyKeys } from './privacy-keys.ts';

const CHARACTERS = 16;

const fingerprintOf = (key: SecretKey, campaignId: string): string =>
  createHmac('sha256', key).update(`voucher key fingerprint\n${campaignId}`).digest('hex').slice(0, CHARACTERS);

export const fingerprintsOf = ({ citizen, canary }: PrivacyKeys, campaignId: string): KeyFingerprints => ({
  citizen: fingerprintOf(citizen, campaignId),
  canary: fingerprintOf(canary, campaignId),
});

/** Undefined: they are the same. */
export const keyProblem = (own: KeyFingerprints, known: KeyFingerprints): string | undefined => {
  const others = (['citizen', 'canary'] as const).filter((key) => own[key] !== known[key]);
  if (others.length === 0) return undefined;
  return (
    `${others.map((key) => `${key}.key`).join(' and ')} of the privacy Secret is not the one with which this campaign began, so citizens ` +
    'would be counted twice, and receipts would not be found: copy the Secret from the other site, or restore it from its backup'
  );
};
