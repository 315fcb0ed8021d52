/** A campaign as a file, read as the API server would: defaults applied, and what the simulation needs checked. */

import { parseDocument } from 'yaml';
import { z } from 'zod';
import type { VoucherCampaignSpec } from '../contract/campaign-types.ts';
import { withDefaults } from '../contract/defaults.ts';
import { DURATION_PATTERN } from '../contract/duration.ts';
import { VOUCHER_CAMPAIGN } from '../contract/schema/schema.ts';
import { perTier } from '../contract/tiers.ts';
import { DRAIN_MODES } from '../operator/scaling/types.ts';
import { UsageError } from './errors.ts';

const instant = z.iso.datetime({
  offset: true,
  error: 'write an instant with offset, such as 2020-09-25T10:00:00+08:00',
});
const duration = z.string().regex(new RegExp(DURATION_PATTERN), 'write a duration such as 30s, 15m or 1h30m');
const replicas = z.int('write a whole number of replicas').positive('write at least 1 replica');
const tier = z
  .object({ min: replicas, max: replicas, capacityPerReplica: z.number().positive('write registrations per second') })
  .refine(({ min, max }) => min <= max, { path: ['min'], error: 'min is above max: lower min or raise max' });
const ceilings = z.object(perTier(() => replicas.optional()));

/** Only what the simulation reads; everything else is the API server's business. */
const specSchema = z.object({
  window: z.object({ opensAt: instant, closesAt: instant }),
  traffic: z.object({ admissionPerSecond: z.number().positive().optional() }),
  scaling: z.object({
    drainWithin: duration,
    drain: z.object({ mode: z.enum(DRAIN_MODES) }),
    peakArrivalsPerSecond: z.number().positive().optional(),
    preWarm: z.object({ leadTime: duration }),
    down: z.object({ windowSeconds: z.number(), percentPerMinute: z.number(), holdAfterOpen: duration }),
    authorized: z.object({
      ceilings: ceilings.required(),
      windows: z.array(z.object({ from: instant, until: instant, ceilings })),
    }),
    tiers: z.object(perTier(() => tier)),
  }),
});

const isCampaign = (value: unknown): value is { readonly kind: 'VoucherCampaign' } =>
  typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'VoucherCampaign';

/**
 * @param name of the file, for messages
 * @throws UsageError that names the field and the remedy
 */
export const parseCampaign = (text: string, name: string): VoucherCampaignSpec => {
  const document = parseDocument(text);
  const [error] = document.errors;
  if (error !== undefined) throw new UsageError(`${name} is not YAML: ${error.message}`);
  const raw: unknown = document.toJS();
  if (!isCampaign(raw))
    throw new UsageError(`${name} holds no VoucherCampaign; give a file with kind: VoucherCampaign`);
  const campaign = withDefaults(VOUCHER_CAMPAIGN.schema, raw);
  const parsed = z.object({ spec: specSchema }).safeParse(campaign);
  if (!parsed.success) {
    const lines = parsed.error.issues.map(({ path, message }) => `  ${path.join('.')}: ${message}`);
    throw new UsageError([`${name} can't be simulated:`, ...lines].join('\n'));
  }
  // Checked is what is read; the rest has the shape that the schema's defaults gave it.
  return (campaign as { readonly spec: VoucherCampaignSpec }).spec;
};
