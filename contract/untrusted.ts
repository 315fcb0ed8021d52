/** Texts that others wrote: read as a schema says, or not at all. Who must say why reads them itself. */
import type { z } from 'zod';

const decoder = new TextDecoder('utf-8', { fatal: true });

/** Undefined for what is missing, no UTF-8, no JSON, or of another shape. */
export const parseUntrusted = <T>(schema: z.ZodType<T>, text: string | Uint8Array | undefined): T | undefined => {
  if (text === undefined) return undefined;
  try {
    return schema.safeParse(JSON.parse(typeof text === 'string' ? text : decoder.decode(text))).data;
  } catch {
    return undefined;
  }
};

/** One JSON object a line, oldest first: `jq` reads it. */
export const serializeLines = (items: readonly unknown[]): string =>
  items.map((item) => `${JSON.stringify(item)}\n`).join('');

/** The last of them. Lines that can't be read are left out: a log must not stop who writes it. */
export const parseLines = <T>(schema: z.ZodType<T>, text: string | undefined, most: number): readonly T[] =>
  (text ?? '')
    .split('\n')
    .filter((line) => line !== '')
    .slice(-most)
    .flatMap((line) => parseUntrusted(schema, line) ?? []);
