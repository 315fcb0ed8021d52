/**
 * Splits a rate among pods, without ever exceeding it while pods may still use what they had. Pure.
 *
 * Shares are whole numbers that differ by one at most. In its worst second a pod with 12.5 sends 13 requests, and one with 0.5 sends one:
 * only whole shares add up to the rate in every second (app/outside). What is left of a rate below 1 gets one pod.
 *
 * A share is lowered at once, and raised only by what no pod can be using any more:
 *
 * | 100/s                                  | a   | b  | may be in use |
 * |----------------------------------------|-----|----|---------------|
 * | a alone                                | 100 |    | 100           |
 * | b is Ready: written, acknowledged at 0 s | 50 | 0  | a 100         |
 * | until 5 s                              | 50  | 0  | a 100         |
 * | from 5 s on                            | 50  | 50 | a 50, b 50    |
 *
 * Of a pod that is gone the same: its share is free 5 s after the write without it was acknowledged.
 */

export interface Split {
  /** Per second, over all pods. */
  readonly rate: number;
  /** Pods that get a share, by name. */
  readonly sharers: readonly string[];
  /** Per second, of one pod. Absent: no limit. */
  readonly most?: number;
  /** What each pod may be using now, at most; also pods that are gone. */
  readonly held: ReadonlyMap<string, number>;
  /** What the last value gives each pod. */
  readonly current: Readonly<Record<string, number>>;
  /** False while it is unknown what was in force before the last value. */
  readonly mayRaise: boolean;
}

/** Requests in the worst second of a pod with this share. */
const worst = (share: number): number => Math.ceil(share);
const thousandths = (share: number): number => Math.floor(share * 1_000) / 1_000;

/** Pods with more keep more, so that as little as possible changes hands: 100/s among three: 34, 33, 33. */
const wishesOf = ({ rate, sharers, most = rate, current }: Split): ReadonlyMap<string, number> => {
  const byShare = sharers.toSorted((a, b) => (current[b] ?? 0) - (current[a] ?? 0) || (a < b ? -1 : 1));
  const limit = Math.min(rate, most);
  if (limit < 1) return new Map(byShare.slice(0, 1).map((pod) => [pod, thousandths(limit)]));
  const whole = Math.floor(rate);
  const each = Math.floor(whole / sharers.length);
  const more = whole - each * sharers.length;
  return new Map(byShare.map((pod, n) => [pod, Math.min(Math.floor(limit), n < more ? each + 1 : each)]));
};

/** @returns pods with a share, in the order of `sharers` */
export const split = (input: Split): Readonly<Record<string, number>> => {
  const { rate, held, current, mayRaise, sharers } = input;
  const wishes = wishesOf(input);
  const inUse = [...held.values()].reduce((sum, share) => sum + worst(share), 0);
  let free = mayRaise ? Math.max(0, Math.ceil(rate) - inUse) : 0;
  const shares = new Map<string, number>();
  // The one with least first, so that a new pod does not wait for others to become equal.
  const byNeed = sharers.toSorted((a, b) => (held.get(a) ?? 0) - (held.get(b) ?? 0));
  const missing = sharers.reduce(
    (sum, pod) => sum + Math.max(0, worst(wishes.get(pod) ?? 0) - worst(held.get(pod) ?? 0)),
    0,
  );
  const part = missing === 0 ? 0 : Math.min(1, free / missing);
  for (const pod of byNeed) {
    const wish = wishes.get(pod) ?? 0;
    const had = mayRaise ? (held.get(pod) ?? 0) : (current[pod] ?? 0);
    if (wish <= had || !mayRaise) {
      shares.set(pod, Math.min(wish, had));
      continue;
    }
    const raise = Math.min(free, Math.ceil((worst(wish) - worst(had)) * part));
    free -= raise;
    shares.set(pod, Math.min(wish, worst(had) + raise));
  }
  return Object.fromEntries(
    sharers.flatMap((pod) => ((shares.get(pod) ?? 0) > 0 ? [[pod, shares.get(pod) ?? 0]] : [])),
  );
};
