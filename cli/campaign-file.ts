/** A campaign as a file, read as the API server would. */
import type { VoucherCampaignSpec } from '../contract/campaign-types.ts';
import { UsageError } from './errors.ts';

/**
 * @param name of the file, for messages
 * @throws UsageError that names the field and the remedy
 */
export const parseCampaign = async (text: string, name: string): Promise<VoucherCampaignSpec> => {
  // Only where it is needed: a schema's interpreter and one for its rules take longer to load than a status to show.
  const { admitCampaignSpec, formatAdmissionErrors } = await import('./admission.ts');
  const admission = admitCampaignSpec(text);
  if (admission.kind === 'refused') throw new UsageError(formatAdmissionErrors(admission.errors, name));
  return admission.campaign.spec;
};
