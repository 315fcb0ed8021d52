/** Whether this process would tell citizens apart as the campaign's registrations were told apart. Pure. */
import type { LiveSettings } from '../../contract/app-contract.ts';
import type { ReceivedData } from '../../contract/envelope.ts';

/**
 * Why this process must not register anyone; undefined: it may.
 *
 * | the journal's first registration of a citizen | settings say | then |
 * |-----------------------------------------------|--------------|------|
 * | none                                          | any          | it may |
 * | by a rule                                     | the same     | it may |
 * | by a rule                                     | the other    | no: each citizen could register once more |
 * | by none: of a build before there were rules   | as perCitizen, which is what it did | |
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
    : `campaign ${campaignId} has registrations that count ${counted}, and spec.eligibility.uniqueness says ${uniqueness}: with it citizens could register once more. Set it to ${counted}, or begin another campaign with another campaignId`;
};
