/** A campaign as a file, judged as the API server would. */
import type { VoucherCampaignSpec } from '../contract/campaign-types.ts';
import { UsageError } from './errors.ts';

/**
 * @param name of the file, for messages
 * @throws UsageError that names every line, field and remedy
 */
export const parseCampaign = async (text: string, name: string): Promise<VoucherCampaignSpec> => {
  // What it takes to judge a schema and its rules would make every other command start later.
  const { formatAdmissionErrors, readCampaign } = await import('../admission/admission.ts');
  const read = readCampaign(text);
  if (read.kind === 'refused') throw new UsageError(formatAdmissionErrors(read.errors, name));
  return read.campaign.spec;
};
