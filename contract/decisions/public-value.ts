/**
 * A public value, such as the numbers of a national lottery's drawing: two people copy it from where it is published. Their texts must
 * give the same bytes. Pure.
 */
import { MOST_SOURCE_BYTES } from './draw-schema.ts';

/** Line ends, tabs and other controls, and characters that are not seen. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;

/** The text whose UTF-8 the seed takes: NFC, without space at its ends. @throws RangeError that names what is wrong with it */
export const publicValue = (text: string): string => {
  const value = text.normalize('NFC').trim();
  if (value === '') throw new RangeError('the value is empty');
  if (!value.isWellFormed()) throw new RangeError('the value is not valid Unicode');
  if (UNSEEN.test(value)) throw new RangeError('the value has a line end, a tab or a character that is not visible');
  const bytes = Buffer.byteLength(value);
  if (bytes > MOST_SOURCE_BYTES)
    throw new RangeError(`the value has ${bytes} bytes, at most ${MOST_SOURCE_BYTES} are valid`);
  return value;
};

/** Hex. */
export const publicValueHex = (text: string): string => Buffer.from(publicValue(text)).toString('hex');
