/** The cache of a leader that has just won its lease, or is about to lose it, may lag: nothing may look deleted for that. */
const GONE_AFTER_MS = 10_000;

export class Absences {
  readonly #sinceMs = new Map<string, number>();

  /** Those of `expected` that have been absent for 10 s on end. @param nowMs monotonic */
  gone(expected: Iterable<string>, isThere: (uid: string) => boolean, nowMs: number): ReadonlySet<string> {
    const absent = new Set([...expected].filter((uid) => !isThere(uid)));
    for (const uid of this.#sinceMs.keys()) if (!absent.has(uid)) this.#sinceMs.delete(uid);
    for (const uid of absent) if (!this.#sinceMs.has(uid)) this.#sinceMs.set(uid, nowMs);
    return new Set([...absent].filter((uid) => nowMs - (this.#sinceMs.get(uid) ?? nowMs) >= GONE_AFTER_MS));
  }
}
