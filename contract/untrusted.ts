/** Texts and values from outside: read by a schema, or not at all. Callers that report the reason parse for themselves. */
import type { z } from 'zod';

const decoder = new TextDecoder('utf-8', { fatal: true });

export type JsonObject = Readonly<Record<string, unknown>>;

export const isJsonObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Undefined for what is not UTF-8 or not JSON. */
export const parseJson = (text: string | Uint8Array): unknown => {
  try {
    return JSON.parse(typeof text === 'string' ? text : decoder.decode(text));
  } catch {
    return undefined;
  }
};

/** Undefined for what is missing, not UTF-8, not JSON, or of another shape. */
export const parseUntrusted = <T>(schema: z.ZodType<T>, text: string | Uint8Array | undefined): T | undefined => {
  const json = text === undefined ? undefined : parseJson(text);
  return json === undefined ? undefined : schema.safeParse(json).data;
};

/** One JSON object a line, oldest first: `jq` reads it. */
export const serializeLines = (items: readonly unknown[]): string =>
  items.map((item) => `${JSON.stringify(item)}\n`).join('');

/** The last `most` lines. Lines that can't be read are left out: an unreadable log must not stop its writer. */
export const parseLines = <T>(schema: z.ZodType<T>, text: string | undefined, most: number): readonly T[] =>
  (text ?? '')
    .split('\n')
    .filter((line) => line !== '')
    .slice(-most)
    .flatMap((line) => parseUntrusted(schema, line) ?? []);
