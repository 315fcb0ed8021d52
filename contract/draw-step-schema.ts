/** Parses the draw's steps as they are stored in the control stream. Unknown members are dropped. Pure. */
import { z } from 'zod';
import { ControlEntryError } from './control-schema.ts';
import { type Commitment, DRAW_ALGORITHM, type DrawStep } from './draw.ts';

const campaignId = z.string().min(1).max(63);
const voucher = z.string().min(1).max(63);
const name = z.string().min(1).max(63);
const person = z.string().min(1).max(256);
const instant = z.iso.datetime();
const hex = (bytes: number) => z.string().regex(new RegExp(`^[0-9a-f]{${bytes * 2}}$`));
const hexUpTo = (bytes: number) => z.string().regex(new RegExp(`^(?:[0-9a-f]{2}){0,${bytes}}$`));
const digest = hex(32);
const count = z.int().min(0);
const MOST_VOUCHERS = 64;
const MOST_SOURCES = 8;

const commitment: z.ZodType<Commitment> = z.object({
  alg: z.literal(DRAW_ALGORITHM),
  campaignUid: z.string().min(1).max(253),
  attempt: z.int().min(1),
  vouchers: z
    .array(z.object({ voucher, n: count, k: count, waitlist: count, listDigest: digest, merkleRoot: digest }))
    .max(MOST_VOUCHERS),
  sources: z
    .array(
      z.discriminatedUnion('type', [
        z.object({ name, type: z.literal('Drand'), chain: digest, round: z.int().min(1) }),
        z.object({ name, type: z.literal('PublicValue'), description: z.string().max(1_000) }),
      ]),
    )
    .min(1)
    .max(MOST_SOURCES),
  notBefore: instant,
  postponeAt: instant,
});

const sourceValue = z.object({
  name,
  hex: hexUpTo(4_096),
  signature: hexUpTo(256).exactOptional(),
  value: z.string().max(1_000).exactOptional(),
  enteredBy: z.array(person).max(2).exactOptional(),
});

const of = <S extends string>(step: S) => ({
  v: z.literal(1),
  step: z.literal(step),
  campaignId,
  at: instant,
  attempt: z.int().min(1),
});

const drawStep: z.ZodType<DrawStep> = z.discriminatedUnion('step', [
  z.object({ ...of('committed'), commitment, digest, authorizedBy: person }),
  z.object({ ...of('entered'), name, value: z.string().min(1).max(1_000), by: z.tuple([person, person]) }),
  z.object({ ...of('sourced'), sources: z.array(sourceValue).max(MOST_SOURCES) }),
  z.object({
    ...of('drawn'),
    vouchers: z
      .array(
        z.object({
          voucher,
          seed: digest,
          cutoff: hexUpTo(32),
          winners: count,
          waitlisted: count,
          resultDigest: digest,
        }),
      )
      .max(MOST_VOUCHERS),
    digest,
  }),
  z.object({ ...of('announced'), won: count, waitlisted: count }),
  z.object({
    ...of('promoted'),
    voucher,
    fallen: digest,
    entry: digest,
    by: person,
    reason: z.string().min(1).max(400),
  }),
]);

/** @throws ControlEntryError: an entry of a later release may decide what counts, so nothing is known without it */
export const readDrawStep = (value: unknown, sequence: number): DrawStep => {
  const parsed = drawStep.safeParse(value);
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.map(({ path, code }) => `${path.join('.') || 'entry'}: ${code}`);
  throw new ControlEntryError(`step ${sequence} of the draw can't be read: ${issues.join('; ')}`);
};
