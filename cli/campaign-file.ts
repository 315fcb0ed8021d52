/** A campaign as a file, checked as the API server would. */
import type { VoucherCampaignSpec } from '../contract/campaign-types.ts';
import { UsageError } from './errors.ts';

/** @param name of the file, for messages @throws UsageError that names every line, field and remedy */
export const parseCampaign = async (text: string, name: string): Promise<VoucherCampaignSpec> => {
  // Loaded here, so that other commands start faster.
  const { formatAdmissionErrors, readCampaign } = await import('../admission/admission.ts');
  const read = readCampaign(text);
  if (read.kind === 'refused') throw new UsageError(formatAdmissionErrors(read.errors, name));
  return read.campaign.spec;
};
