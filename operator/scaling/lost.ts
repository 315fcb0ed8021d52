/** Replicas that take the place of pods on nodes that do not answer. Pure. */

export interface Lost {
  /** Pods on nodes that do not answer: each counts as a replica and serves no one. */
  readonly lost: number;
  /** Those of them that are being deleted: the ReplicaSet has replaced them itself. */
  readonly leaving: number;
}

export interface Replacing {
  readonly count: number;
  readonly leaving: number;
  /** As long as this they are kept, though their node may be back. */
  readonly untilMs: number;
}

/** A node that came back may go again: its place is given up when it has stayed for as long as this. */
export const RETURN_SETTLES_MS = 60_000;

/**
 * | pods on lost nodes                       | replicas on top of what demand asks for          |
 * |------------------------------------------|--------------------------------------------------|
 * | 20                                       | 20, at once                                      |
 * | 20, then 20 are deleted (30 s tolerated) | 0, at once: the ReplicaSet makes those 20 itself |
 * | 20, then their node is back              | 20 for 60 s, then 0                              |
 * | the same, while nothing may go down      | 20 until that ends, then 0                       |
 * | 20, then back, then 5 lost within 60 s   | 20, and 60 s from there                          |
 *
 * @param isHeld nothing may go down (holds.ts): then time alone gives nothing back
 */
export const replacing = (
  { lost, leaving }: Lost,
  before: Replacing | undefined,
  nowMs: number,
  isHeld: boolean,
): Replacing | undefined => {
  const isKept = before !== undefined && (isHeld || nowMs < before.untilMs);
  const known = isKept ? before : { count: 0, leaving: 0 };
  const replacedByOthers = Math.max(0, leaving - known.leaving);
  const count = Math.max(lost, known.count - replacedByOthers);
  if (count === 0) return undefined;
  const untilMs = lost > 0 || before === undefined ? nowMs + RETURN_SETTLES_MS : before.untilMs;
  return { count, leaving, untilMs };
};

/** 40 wanted and 20 lost: 60, at a ceiling of 50 it is 50, and at one of 30 it stays 40. */
export const withReplacements = (
  desired: number,
  count: number,
  { max, ceiling }: { readonly max: number; readonly ceiling: number },
): number => Math.max(desired, Math.min(desired + count, max, ceiling));
