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
 * | by none: of a build before there were rules   | any          | no, for the same reason |
 */
export const ruleProblem = (
  campaignId: string,
  first: Pick<ReceivedData, 'uniqueness'> | undefined,
  { eligibility: { uniqueness } }: Pick<LiveSettings, 'eligibility'>,
): string | undefined => {
  if (first === undefined || first.uniqueness === uniqueness) return undefined;
  if (first.uniqueness === undefined) {
    return `campaign ${campaignId} has registrations of an earlier build, which told people apart by the kind of their document too: with this build each of them could register once more. Finish this campaign with that build's image, or begin another one with another campaignId (docs/adr/0027)`;
  }
  return `campaign ${campaignId} has registrations that count ${first.uniqueness}, and spec.eligibility.uniqueness says ${uniqueness}: with it citizens could register once more. Set it to ${first.uniqueness}, or begin another campaign with another campaignId`;
};
