/**
 * The bundle of a draw: one folder with all that is needed to verify it.
 *
 * | file                   | contents                                                                     |
 * |------------------------|------------------------------------------------------------------------------|
 * | commitment.json        | what was fixed before the randomness existed (contract/draw.ts), canonical   |
 * | sources.json           | the values of the sources, and what proves them, canonical                   |
 * | result.json            | seed, cutoff and counts of each voucher, canonical                           |
 * | VOUCHER/entries.bin    | the list: 32 bytes an entry, sorted                                          |
 * | VOUCHER/winners.bin    | one bit an entry, from the highest bit of the first byte on: 1 is a winner   |
 * | VOUCHER/waitlist.bin   | waitlisted entries, 32 bytes each, the next one first                        |
 */
import { join } from 'node:path';
import type { z } from 'zod';
import { commitmentSchema, resultSchema, sourcesSchema } from '../../../contract/draw-schema.ts';

export const JSON_SCHEMAS = {
  'commitment.json': commitmentSchema,
  'sources.json': sourcesSchema,
  'result.json': resultSchema,
} as const;
export type JsonFile = keyof typeof JSON_SCHEMAS;
export type JsonValue<F extends JsonFile> = z.output<(typeof JSON_SCHEMAS)[F]>;

export const BINARY_FILES = ['entries.bin', 'winners.bin', 'waitlist.bin'] as const;
export type BinaryFile = (typeof BINARY_FILES)[number];

/** Path within the bundle, as messages name it. */
export const binaryPath = (voucher: string, file: BinaryFile): string => join(voucher, file);
