/** Whether this process counts citizens by the rule of the campaign's existing registrations. Pure. */
import type { LiveSettings } from '../../contract/app-contract.ts';
import type { ReceivedData } from '../../contract/envelope.ts';

/**
 * Why this process must not accept registrations; undefined: it may.
 *
 * | rule of the journal's first registration of a citizen | rule in the settings | result |
 * |-------------------------------------------------------|----------------------|--------|
 * | no registration                                       | any                  | it may |
 * | a rule                                                | the same             | it may |
 * | a rule                                                | the other            | it may not: each citizen could register once more |
 * | none, in a registration of an early build             | counts as perCitizen | |
 */
export const ruleProblem = (
  campaignId: string,
  first: Pick<ReceivedData, 'uniqueness'> | undefined,
  { eligibility: { uniqueness } }: Pick<LiveSettings, 'eligibility'>,
): string | undefined => {
  if (first === undefined) return undefined;
  const { uniqueness: counted = 'perCitizen' } = first;
  return counted === uniqueness
    ? undefined
    : `campaign ${campaignId} has registrations that count ${counted}, but spec.eligibility.uniqueness is ${uniqueness}, with which citizens could register once more: set it to ${counted}, or create another campaign with another campaignId`;
};
