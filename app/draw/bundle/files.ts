/**
 * The bundle of a draw: one folder with all that is needed to verify it.
 *
 * | file                   | contents                                                                     |
 * |------------------------|------------------------------------------------------------------------------|
 * | commitment.json        | what was fixed before the randomness existed (contract/decisions/draw.ts), canonical   |
 * | sources.json           | the values of the sources, and what proves them, canonical                   |
 * | result.json            | seed, cutoff and counts of each voucher, canonical                           |
 * | VOUCHER/entries.bin    | the list: 32 bytes an entry, sorted                                          |
 * | VOUCHER/winners.bin    | one bit an entry, from the highest bit of the first byte on: 1 is a winner   |
 * | VOUCHER/waitlist.bin   | waitlisted entries, 32 bytes each, the next one first                        |
 */
import { join } from 'node:path';
import { commitmentSchema, resultSchema, sourcesSchema } from '../../../contract/decisions/draw-schema.ts';

export const JSON_SCHEMAS = {
  'commitment.json': commitmentSchema,
  'sources.json': sourcesSchema,
  'result.json': resultSchema,
} as const;
export type JsonFile = keyof typeof JSON_SCHEMAS;

export type BinaryFile = 'entries.bin' | 'winners.bin' | 'waitlist.bin';

/** Path within the bundle, as messages name it. */
export const binaryPath = (voucher: string, file: BinaryFile): string => join(voucher, file);
