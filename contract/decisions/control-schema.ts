/** Parses entries of the control stream. Unknown members are dropped: an entry of a later release with the same `v` counts. Pure. */
import { z } from 'zod';
import { CHANNELS } from '../envelope.ts';
import type { ControlType, Destroyed, Destroying, Frozen, IssuanceStart, Listed } from './control.ts';
import { type ExcludedWinners, excludedWinners, frozenExclusions } from './exclusion.ts';

const campaignId = z.string().min(1).max(63);
/** As messages are stored; Node writes it with milliseconds. */
const instant = z.iso.datetime({ precision: 3 });

export const frozenSchema: z.ZodType<Frozen> = z.object({
  v: z.literal(1),
  campaignId,
  at: instant,
  barriers: z.array(z.int().min(1)).min(1),
  unverified: z.enum(['exclude', 'enter', 'unchecked']),
  excluded: frozenExclusions.exactOptional(),
});

export const listedSchema: z.ZodType<Listed> = z.object({
  v: z.literal(1),
  campaignId,
  lists: z.array(
    z.object({ voucher: z.string().min(1).max(63), entries: z.int().min(0), digest: z.string().min(1).max(128) }),
  ),
  excluded: z.int().min(0).exactOptional(),
});

const name = z.string().min(1).max(253);

const destroyingSchema: z.ZodType<Destroying> = z.object({
  v: z.literal(1),
  campaignId,
  at: instant,
  cause: z.enum(['Date', 'Command']),
  who: name.exactOptional(),
  reason: z.string().max(512).exactOptional(),
  keys: z.array(name),
  streams: z.array(name),
  secret: name,
});

const destroyedSchema: z.ZodType<Destroyed> = z.object({
  v: z.literal(1),
  campaignId,
  at: instant,
  keysDestroyedAt: instant,
  secretEmptiedAt: instant,
  secretCheckedBy: z.enum(['operator', 'pods']),
  operator: name,
});

const fen = z.int().min(0);

const issuanceSchema: z.ZodType<IssuanceStart> = z.object({
  v: z.literal(1),
  campaignId,
  at: instant,
  by: name,
  format: z.literal('vi1'),
  channels: z.array(
    z.object({
      channel: z.enum(CHANNELS),
      merchant: name,
      appId: name,
      stocks: z.array(z.object({ voucher: name, stock: name, faceValueFen: fen, minimumSpendFen: fen })),
    }),
  ),
  streams: z.array(name),
  queryFirst: z.boolean(),
});

const SCHEMAS = {
  frozen: frozenSchema,
  listed: listedSchema,
  destroying: destroyingSchema,
  destroyed: destroyedSchema,
  issuance: issuanceSchema,
} as const;

export interface ControlValues {
  readonly frozen: Frozen;
  readonly listed: Listed;
  readonly destroying: Destroying;
  readonly destroyed: Destroyed;
  readonly issuance: IssuanceStart;
}

/** An entry is stored, but this release can't read it. The message names fields, never values. */
export class ControlEntryError extends Error {
  override readonly name = 'ControlEntryError';
}

const readAs = <T>(schema: z.ZodType<T>, type: string, value: unknown): T => {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.map(({ path, code }) => `${path.join('.') || 'entry'}: ${code}`);
  throw new ControlEntryError(`the entry ${type} of the control stream can't be read: ${issues.join('; ')}`);
};

/** @throws ControlEntryError */
export const readControlValue = <T extends ControlType>(type: T, value: unknown): ControlValues[T] =>
  // The table's type does not say that its schema is that of `type`.
  readAs(SCHEMAS[type] as unknown as z.ZodType<ControlValues[T]>, type, value);

/** Of an entry `excluded.<campaignId>`. @throws ControlEntryError */
export const readExcludedWinners = (value: unknown): ExcludedWinners => readAs(excludedWinners, 'excluded', value);
