/** A text as browsers take it: brotli, gzip or as it is, compressed at its first use and then kept. */
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

export const ENCODINGS = ['br', 'gzip', 'identity'] as const;
export type Encoding = (typeof ENCODINGS)[number];

export type Compressed = (encoding: Encoding) => Buffer;

/** `small`: for what is sent for a year; it takes 30 ms once. `quick`: for what is made each second; it takes less than a millisecond. */
const LEVELS = { small: { brotli: 11, gzip: 9 }, quick: { brotli: 4, gzip: 4 } } as const;

const encodedBy: Readonly<
  Record<Encoding, (text: Buffer, level: { readonly brotli: number; readonly gzip: number }) => Buffer>
> = {
  br: (text, { brotli }) => brotliCompressSync(text, { params: { [constants.BROTLI_PARAM_QUALITY]: brotli } }),
  gzip: (text, { gzip }) => gzipSync(text, { level: gzip }),
  identity: (text) => text,
};

export const compressed = (text: string, level: keyof typeof LEVELS): Compressed => {
  const plain = Buffer.from(text, 'utf8');
  const made = new Map<Encoding, Buffer>();
  return (encoding) => {
    const known = made.get(encoding);
    if (known !== undefined) return known;
    const fresh = encodedBy[encoding](plain, LEVELS[level]);
    made.set(encoding, fresh);
    return fresh;
  };
};

/** Browsers send a few dozen characters. */
const MOST_LENGTH = 128;

/** The smallest that the browser takes. `br;q=0` is a refusal. */
export const encodingOf = (header: string | undefined): Encoding => {
  if (header === undefined || header.length > MOST_LENGTH) return 'identity';
  const taken = header
    .toLowerCase()
    .split(',')
    .map((part) => part.replaceAll(' ', ''));
  const takes = (name: string): boolean =>
    taken.some((part) => part === name || (part.startsWith(`${name};`) && !/;q=0(?:\.0*)?$/.test(part)));
  return ENCODINGS.find((encoding) => encoding !== 'identity' && takes(encoding)) ?? 'identity';
};
