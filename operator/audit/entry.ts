/** The entries of a campaign's trail: every step by which a person, or the operator, changed what may be used. */
import { z } from 'zod';
import { perTier, TIERS } from '../../contract/tiers.ts';
import { parseUntrusted } from '../../contract/untrusted.ts';

const ceilings = z.object(perTier(() => z.number().optional()));
const authorized = z.object({
  ceilings,
  windows: z.array(z.object({ from: z.string(), until: z.string(), ceilings })),
});
const hours = z.object({ opensAt: z.string(), closesAt: z.string() });

const base = z.object({
  /** The object's uid and the step: the same step is the same entry, from any writer and however often. */
  id: z.string(),
  at: z.string(),
  noted: z.string(),
  campaignId: z.string(),
  namespace: z.string(),
  campaign: z.string(),
  /** Of the campaign's object: after a deletion a new one has another. */
  uid: z.string(),
  site: z.string(),
  /** resourceVersion of the campaign that was read; absent where there is none. */
  version: z.string().optional(),
});

const plan = { plan: z.string(), planUid: z.string() };
const act = {
  by: z.string(),
  onBehalfOf: z.string().optional(),
  reference: z.string().optional(),
  reason: z.string().optional(),
};
const decision = { ...plan, ...act };

const entry = z.discriminatedUnion('step', [
  base.extend({ step: z.literal('campaign_created'), authorized, window: hours }),
  base.extend({ step: z.literal('campaign_opened') }),
  base.extend({ step: z.literal('campaign_closed'), closesAt: z.string() }),
  base.extend({ step: z.literal('campaign_deleted') }),
  base.extend({ step: z.literal('window_changed'), before: hours, now: hours }),
  base.extend({
    step: z.literal('authorized_changed'),
    effect: z.enum(['raised', 'lowered', 'changed']),
    before: authorized,
    now: authorized,
  }),
  base.extend({ step: z.literal('override_started'), override: z.string(), value: z.string(), says: z.string() }),
  base.extend({
    step: z.literal('override_ended'),
    override: z.string(),
    value: z.string(),
    how: z.enum(['expired', 'removed', 'replaced', 'campaign deleted']),
  }),
  base.extend({
    step: z.literal('contingency_started'),
    level: z.string(),
    since: z.string(),
    cause: z.enum(['Trigger', 'Command']),
    who: z.string().optional(),
    reason: z.string(),
    until: z.string().optional(),
  }),
  base.extend({
    step: z.literal('contingency_ended'),
    level: z.string(),
    since: z.string(),
    /** Its time was over or its metric clear, or a command ended it. */
    how: z.enum(['over', 'stopped']),
    who: z.string().optional(),
    reason: z.string().optional(),
  }),
  base.extend({
    step: z.literal('person_erased'),
    receipt: z.string(),
    who: z.string(),
    reason: z.string(),
    requestedAt: z.string(),
    /** Of the person, the named one among them. */
    receipts: z.number(),
  }),
  base.extend({
    step: z.literal('destruction_ordered'),
    cause: z.enum(['Date', 'Command']),
    who: z.string().optional(),
    reason: z.string().optional(),
  }),
  base.extend({ step: z.literal('issuance_started'), by: z.string() }),
  /** `requests`: all, or the size of the sample. The operator orders one by itself once every winner has a voucher. */
  base.extend({ step: z.literal('reconcile_ordered'), by: z.string(), requests: z.string() }),
  base.extend({
    step: z.literal('channel_stopped'),
    channel: z.string(),
    since: z.string(),
    cause: z.enum(['Command', 'SettingsDiffer', 'BooksDiffer']),
    who: z.string().optional(),
    reason: z.string(),
  }),
  base.extend({ step: z.literal('channel_resumed'), channel: z.string(), since: z.string() }),
  /** SHA-256 of the certificate, which is a ConfigMap of the campaign. */
  base.extend({ step: z.literal('personal_data_destroyed'), certificate: z.string() }),
  base.extend({
    step: z.literal('plan_proposed'),
    ...plan,
    reason: z.string(),
    ceilings,
    expiresAt: z.string(),
    evidence: z.array(z.object({ signal: z.string(), value: z.number(), ageSeconds: z.number() })),
  }),
  base.extend({ step: z.literal('plan_approved'), ...decision, ceilings, until: z.string() }),
  base.extend({ step: z.literal('plan_rejected'), ...decision }),
  /** Decided after it had closed: it grants nothing. */
  base.extend({ step: z.literal('plan_void'), ...decision }),
  base.extend({ step: z.literal('plan_superseded'), ...plan }),
  base.extend({ step: z.literal('plan_expired'), ...plan }),
  base.extend({ step: z.literal('plan_deleted'), ...plan }),
  base.extend({
    step: z.literal('grant_used'),
    ...plan,
    tier: z.enum(TIERS),
    /** Absent: the operator that wrote it ended before it could note it. */
    from: z.number().optional(),
    to: z.number(),
    ceiling: z.number(),
  }),
  base.extend({
    step: z.literal('grant_ended'),
    ...plan,
    how: z.enum(['time', 'revoked', 'plan deleted']),
    /** Who revoked it; absent otherwise. */
    ...act,
    by: act.by.optional(),
  }),
]);

export type AuditEntry = z.infer<typeof entry>;
export type Authorized = z.infer<typeof authorized>;
export type Hours = z.infer<typeof hours>;

/** Undefined for a line of another version or form. */
export const parseAuditEntry = (text: string): AuditEntry | undefined => parseUntrusted(entry, text);
