/** At most one line a second for each kind of trouble: a flood of failures must not become a flood of lines. */

export interface LogLimit {
  /** The number of lines left out since the last one of this kind, or undefined when this one is left out too. */
  admit(kind: string, nowMs: number): number | undefined;
}

const EVERY_MS = 1_000;

/** `kind` comes from a fixed list, so the memory has a bound. */
export const createLogLimit = (everyMs = EVERY_MS): LogLimit => {
  const kinds = new Map<string, { readonly atMs: number; suppressed: number }>();
  return {
    admit(kind, nowMs) {
      const last = kinds.get(kind);
      if (last !== undefined && nowMs - last.atMs < everyMs) {
        last.suppressed += 1;
        return undefined;
      }
      kinds.set(kind, { atMs: nowMs, suppressed: 0 });
      return last?.suppressed ?? 0;
    },
  };
};
