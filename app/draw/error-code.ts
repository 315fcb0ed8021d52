/** `ENOENT`, `ECONNREFUSED`: code of a system error; undefined: it has none. */
export const codeOf = (error: unknown): string | undefined =>
  typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string'
    ? error.code
    : undefined;
