/** Parses the draw's steps as they are stored in the control stream. Pure. */
import { z } from 'zod';
import { ControlEntryError } from './control-schema.ts';
import type { DrawStep } from './draw.ts';
import { commitmentSchema, digestSchema, MOST_SOURCES, sourceValueSchema, voucherResultSchema } from './draw-schema.ts';

const text = (most: number) => z.string().min(1).max(most);
const person = text(256);
const count = z.int().min(0);
const MOST_VOUCHERS = 1_000;

const of = <S extends string>(step: S) => ({
  v: z.literal(1),
  step: z.literal(step),
  campaignId: text(63),
  at: z.iso.datetime({ precision: 3 }),
  attempt: z.int().min(1),
});

const drawStep: z.ZodType<DrawStep> = z.discriminatedUnion('step', [
  z.object({ ...of('committed'), commitment: commitmentSchema, digest: digestSchema, authorizedBy: person }),
  z.object({ ...of('entered'), name: text(63), value: text(4_096), by: z.tuple([person, person]) }),
  z.object({ ...of('sourced'), sources: z.array(sourceValueSchema).min(1).max(MOST_SOURCES) }),
  z.object({ ...of('drawn'), vouchers: z.array(voucherResultSchema).max(MOST_VOUCHERS), digest: digestSchema }),
  z.object({ ...of('announced'), won: count, waitlisted: count }),
  z.object({
    ...of('promoted'),
    command: digestSchema,
    voucher: text(63),
    fallen: digestSchema,
    entry: digestSchema,
    by: person,
    reason: text(400),
  }),
  z.object({ ...of('declined'), command: digestSchema, by: person, why: text(400) }),
  z.object({ ...of('recorded'), promotions: count }),
]);

/** @throws ControlEntryError: an entry of a later release may decide what counts, so nothing is known without it */
export const readDrawStep = (value: unknown, sequence: number): DrawStep => {
  const parsed = drawStep.safeParse(value);
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.map(({ path, code }) => `${path.join('.') || 'entry'}: ${code}`);
  throw new ControlEntryError(`step ${sequence} of the draw can't be read: ${issues.join('; ')}`);
};
