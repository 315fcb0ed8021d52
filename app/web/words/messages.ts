/** What every language must say: the keys of the Chinese words. */
import type { zh } from './zh.ts';

/** The same keys, with any text. */
type Widened<T> = T extends string
  ? string
  : T extends (...args: infer Args) => string
    ? (...args: Args) => string
    : T extends readonly string[]
      ? { readonly [Key in keyof T]: string }
      : { readonly [Key in keyof T]: Widened<T[Key]> };
export type Messages = Widened<typeof zh>;
