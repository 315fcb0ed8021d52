/**
 * The shares that pods may be using now. A pod may use what it read for SHARE_VALID_MS after the reading began; so a value
 * counts until SHARE_VALID_MS after the write that replaced it was acknowledged. Pure; times are monotonic.
 */
import { type OutsideShares, SHARE_VALID_MS } from '../../contract/outside/outside.ts';

export interface InForce {
  readonly value: OutsideShares;
  /** Of the key in the live bucket; 0: it does not exist yet. */
  readonly revision: number;
  /** Values before it, while a pod may still use them. */
  readonly earlier: readonly { readonly value: OutsideShares; readonly untilMs: number }[];
  /** No share is raised before this instant: what was in force before `value` is unknown. */
  readonly raisesFromMs: number;
}

export const NO_SHARES: OutsideShares = { v: 1, targets: {} };

/**
 * A value that was read, and not written by this process: when it was acknowledged, and what it replaced, is unknown. Each
 * value that came before it is invalid SHARE_VALID_MS after this reading.
 */
export const inherited = (value: OutsideShares, revision: number, nowMs: number): InForce => ({
  value,
  revision,
  earlier: [],
  raisesFromMs: nowMs + SHARE_VALID_MS,
});

/** @param nowMs when the acknowledgement of the write arrived */
export const replaced = (before: InForce, value: OutsideShares, revision: number, nowMs: number): InForce => ({
  value,
  revision,
  earlier: [
    ...before.earlier.filter(({ untilMs }) => untilMs > nowMs),
    { value: before.value, untilMs: nowMs + SHARE_VALID_MS },
  ],
  raisesFromMs: before.raisesFromMs,
});

/** Requests per second that each pod may be sending to a target now, at most: by pod, of every value that may be in use. */
export const heldOf = ({ value, earlier }: InForce, target: string, nowMs: number): ReadonlyMap<string, number> => {
  const held = new Map<string, number>();
  const valid = earlier.filter(({ untilMs }) => untilMs > nowMs).map((one) => one.value);
  for (const { targets } of [value, ...valid]) {
    for (const [pod, perSecond] of Object.entries(targets[target]?.perSecond ?? {})) {
      held.set(pod, Math.max(held.get(pod) ?? 0, perSecond));
    }
  }
  return held;
};
