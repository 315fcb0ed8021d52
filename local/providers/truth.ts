/**
 * What the local providers know of a synthetic person. Tests and the demo's ledger compute the same by this rule. It shares no
 * code with app/. Pure.
 *
 * n = the first four bytes (big-endian) of SHA-256("provider/" + identity number), modulo 100
 *
 * | n       | truth                                                                        |
 * |---------|------------------------------------------------------------------------------|
 * | 0 to 95 | match                                                                        |
 * | 96, 97  | mismatch, unless the name ends with 正: the corrected name of such a person   |
 * | 98      | no_record                                                                    |
 * | 99      | match, after one to three answers "trouble at the source" (the fifth byte, modulo 3, plus 1) |
 */
import { hash } from 'node:crypto';

export type Truth = 'match' | 'mismatch' | 'no_record';

export interface Person {
  readonly name: string;
  readonly idNumber: string;
}

const bytesOf = (idNumber: string): Buffer => hash('sha256', `provider/${idNumber}`, 'buffer');

/** Ends the names of people whose registered name was wrong. */
const CORRECTED = '正';

export const truthOf = ({ name, idNumber }: Person): Truth => {
  const n = bytesOf(idNumber).readUInt32BE() % 100;
  if (n === 98) return 'no_record';
  return (n === 96 || n === 97) && !name.endsWith(CORRECTED) ? 'mismatch' : 'match';
};

/** How often the source fails before it answers for this person. */
export const sourceErrorsOf = (idNumber: string): number => {
  const bytes = bytesOf(idNumber);
  return bytes.readUInt32BE() % 100 === 99 ? (bytes.readUInt8(4) % 3) + 1 : 0;
};
