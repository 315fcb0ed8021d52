/** At most one line a second for each kind of failure, so that many failures do not become many lines. */

export interface LogLimit {
  /** Number of lines of this kind that were suppressed since the last one; undefined: suppress this one too. */
  admit(kind: string, nowMs: number): number | undefined;
}

const EVERY_MS = 1_000;

/** `kind` comes from a fixed list, so the memory is bounded. */
export const createLogLimit = (): LogLimit => {
  const kinds = new Map<string, { readonly atMs: number; suppressed: number }>();
  return {
    admit(kind, nowMs) {
      const last = kinds.get(kind);
      if (last !== undefined && nowMs - last.atMs < EVERY_MS) {
        last.suppressed += 1;
        return undefined;
      }
      kinds.set(kind, { atMs: nowMs, suppressed: 0 });
      return last?.suppressed ?? 0;
    },
  };
};
