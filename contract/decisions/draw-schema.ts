/** Parses what the draw publishes: the files commitment.json, sources.json and result.json, and their parts in the draw's steps. Pure. */
import { z } from 'zod';
import {
  type Commitment,
  DRAW_ALGORITHM,
  type Result,
  type SourceRule,
  type Sources,
  type SourceValue,
  type VoucherCommitment,
  type VoucherResult,
} from './draw.ts';

/** As `u32be` in the seed; and a list of so many entries has 2 GiB. */
export const MOST_ENTRIES = 2 ** 26 - 1;
/** As `u16be` in the seed, with room for a text that is entered by hand. */
export const MOST_SOURCE_BYTES = 4_096;
export const MOST_SOURCES = 16;

const count = z.int().min(0).max(MOST_ENTRIES);
export const digestSchema = z.string().regex(/^[0-9a-f]{64}$/, '64 hexadecimal digits in lower case');
const hex = (least: number, most: number) =>
  z
    .string()
    .regex(/^([0-9a-f]{2})*$/, 'hexadecimal digits in lower case, two for each byte')
    .min(2 * least)
    .max(2 * most);
/** Also the name of a folder. */
const voucher = z.string().regex(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/, 'a DNS label');
const name = z.string().regex(/^[A-Za-z0-9]([-_.A-Za-z0-9]{0,61}[A-Za-z0-9])?$/, 'letters, digits, -, _ and .');
const text = (most: number) => z.string().min(1).max(most);
const instant = z.iso.datetime();

const isOrdered = (texts: readonly string[]): boolean =>
  texts.every((one, index) => index === 0 || (texts[index - 1] ?? '') < one);
const isUnique = (texts: readonly string[]): boolean => new Set(texts).size === texts.length;

const voucherCommitment: z.ZodType<VoucherCommitment> = z
  .strictObject({ voucher, n: count, k: count, waitlist: count, listDigest: digestSchema, merkleRoot: digestSchema })
  .refine(({ n, k }) => k <= n, { path: ['k'], error: 'more winners than entries' })
  .refine(({ n, k, waitlist }) => k > n || waitlist <= n - k, { path: ['waitlist'], error: 'more than n - k' });

const sourceRuleSchema: z.ZodType<SourceRule> = z.discriminatedUnion('type', [
  z.strictObject({ name, type: z.literal('Drand'), chain: digestSchema, round: z.int().min(1) }),
  z.strictObject({ name, type: z.literal('PublicValue'), description: text(1_024) }),
  z.strictObject({ name, type: z.literal('Bytes'), description: text(1_024) }),
]);

export const commitmentSchema: z.ZodType<Commitment> = z
  .strictObject({
    alg: z.literal(DRAW_ALGORITHM),
    campaignUid: text(63),
    attempt: z.int().min(1),
    vouchers: z
      .array(voucherCommitment)
      .max(1_000)
      .refine((all) => isOrdered(all.map((one) => one.voucher)), 'vouchers in ascending order, none twice'),
    sources: z
      .array(sourceRuleSchema)
      .min(1)
      .max(MOST_SOURCES)
      .refine((all) => isUnique(all.map((one) => one.name)), 'two sources have the same name'),
    notBefore: instant,
    postponeAt: instant,
  })
  .refine(({ notBefore, postponeAt }) => Date.parse(notBefore) < Date.parse(postponeAt), {
    path: ['postponeAt'],
    error: 'not after notBefore',
  });

export const sourceValueSchema: z.ZodType<SourceValue> = z.strictObject({
  name,
  hex: hex(1, MOST_SOURCE_BYTES),
  signature: hex(48, 96).exactOptional(),
  value: text(MOST_SOURCE_BYTES).exactOptional(),
  enteredBy: z.array(text(256)).min(1).max(8).exactOptional(),
});

const head = { alg: z.literal(DRAW_ALGORITHM), campaignUid: text(63), attempt: z.int().min(1) };

export const sourcesSchema: z.ZodType<Sources> = z.strictObject({
  ...head,
  commitment: digestSchema,
  sources: z.array(sourceValueSchema).min(1).max(MOST_SOURCES),
});

export const voucherResultSchema: z.ZodType<VoucherResult> = z.strictObject({
  voucher,
  seed: digestSchema,
  cutoff: z.union([digestSchema, z.literal('')]),
  winners: count,
  waitlisted: count,
  resultDigest: digestSchema,
});

export const resultSchema: z.ZodType<Result> = z.strictObject({
  ...head,
  commitment: digestSchema,
  sources: digestSchema,
  vouchers: z.array(voucherResultSchema).max(1_000),
});
