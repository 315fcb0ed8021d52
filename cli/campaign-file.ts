/** A campaign as a file, checked as the API server would. */

import { API_VERSION } from '../contract/names.ts';
import type { VoucherCampaignSpec } from '../contract/types/campaign.ts';
import { UsageError } from './errors.ts';

/** @param name of the file, for messages @throws UsageError that names every line, field and remedy */
export const parseCampaign = async (text: string, name: string): Promise<VoucherCampaignSpec> => {
  // Loaded here, so that other commands start faster.
  const { formatAdmissionErrors, readCampaign } = await import('../admission/admission.ts');
  const read = readCampaign(text);
  if (read.kind === 'refused') throw new UsageError(formatAdmissionErrors(read.errors, name));
  return read.campaign.spec;
};

/**
 * A spec that was changed after it was read, judged again.
 *
 * @param name of what changed it, for messages
 * @throws UsageError that names every field and remedy
 */
export const admitSpec = async (spec: unknown, name: string): Promise<VoucherCampaignSpec> => {
  const { formatAdmissionErrors, readCampaign } = await import('../admission/admission.ts');
  const campaign = { apiVersion: API_VERSION, kind: 'VoucherCampaign', metadata: { name: 'simulated' }, spec };
  const read = readCampaign(JSON.stringify(campaign));
  if (read.kind === 'admitted') return read.campaign.spec;
  // Lines of the JSON above mean nothing to the reader.
  const errors = read.errors.map(({ path, message }) => ({ path, message }));
  throw new UsageError(formatAdmissionErrors(errors, name));
};
