/** Which of n requests are asked for: a bit each. Pure but for `random`. */
import type { AskedRequests } from '../../contract/outside/reconcile.ts';

/** All sets of so many requests are equally likely (Knuth, algorithm S). @param random uniform in [0, 1) */
export const sampleOf = (
  total: number,
  wanted: AskedRequests,
  random: () => number,
): { readonly has: (index: number) => boolean } => {
  if (wanted === 'all' || wanted >= total) return { has: () => true };
  const bits = new Uint8Array(Math.ceil(total / 8));
  let left = wanted;
  for (let index = 0; index < total && left > 0; index += 1) {
    if (random() * (total - index) >= left) continue;
    bits[index >>> 3] = (bits[index >>> 3] ?? 0) | (1 << (index & 7));
    left -= 1;
  }
  return { has: (index) => ((bits[index >>> 3] ?? 0) & (1 << (index & 7))) !== 0 };
};
