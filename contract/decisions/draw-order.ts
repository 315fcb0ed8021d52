/** What the operator orders of the draw's Job, as the spec states it: the variable ENV.drawOrder, as JSON. Pure. */
import { z } from 'zod';

const source = z.discriminatedUnion('type', [
  z.object({ name: z.string(), type: z.literal('Drand'), relays: z.array(z.string()).exactOptional() }),
  z.object({ name: z.string(), type: z.literal('PublicValue'), description: z.string() }),
]);

/** Of one Job; more wait for the next one. */
export const MOST_PROMOTIONS_AT_ONCE = 50;

const promotion = z.object({
  /** Digest of the command. */
  command: z.string(),
  /** A receipt number, or the first PROMOTED_DIGITS digits of an entry. */
  falls: z.string(),
  by: z.string().min(1).max(256),
  reason: z.string().min(1).max(400),
});

const order = z.object({
  /** Who authorised the commitment. */
  authorizedBy: z.string().min(1).max(256),
  vouchers: z.array(z.object({ voucher: z.string(), quota: z.int().min(0), /** Places. */ waitlist: z.int().min(0) })),
  /** In the order in which the seed takes them. */
  sources: z.array(source).min(1),
  leadSeconds: z.int().min(1),
  postponeSeconds: z.int().min(1),
  /** Commands of owners that have no answer in the chain yet. */
  promotions: z.array(promotion).max(MOST_PROMOTIONS_AT_ONCE).exactOptional(),
  /** `spec.issuance.bindBy`: until then a winner can still bind an account. `none`: nothing is issued. `open`: it is not stated. */
  bindBy: z.union([z.iso.datetime({ offset: true }), z.enum(['none', 'open'])]).exactOptional(),
});

export type DrawOrder = z.infer<typeof order>;
export type OrderedSource = DrawOrder['sources'][number];
export type OrderedPromotion = z.infer<typeof promotion>;

/** @throws Error that names the fields */
export const readDrawOrder = (json: string): DrawOrder => {
  const parsed = order.safeParse(JSON.parse(json));
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
  throw new Error(`the order of the draw can't be read: ${issues.join('; ')}`);
};
