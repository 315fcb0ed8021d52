/**
 * A pod's share of the admission rate. Worked example: 100/s with a depth of 2 s holds 200 tokens at most; after a quiet
 * second 100 come back, and of 500 requests in one instant 200 are let in and 300 are asked to come again.
 */
export class TokenBucket {
  #tokens: number | undefined;
  #filledAtMs = 0;

  /** Whether `take` would succeed now. */
  hasOne(nowMs: number, ratePerSecond: number, burstSeconds: number): boolean {
    return this.#fill(nowMs, ratePerSecond, burstSeconds) >= 1;
  }

  /** Takes one token at `nowMs` (monotonic ms). Rate and depth may change from call to call. */
  take(nowMs: number, ratePerSecond: number, burstSeconds: number): boolean {
    const tokens = this.#fill(nowMs, ratePerSecond, burstSeconds);
    if (tokens < 1) return false;
    this.#tokens = tokens - 1;
    return true;
  }

  /** One that was taken and not used; more than the depth are lost with the next look. */
  giveBack(): void {
    this.#tokens = (this.#tokens ?? 0) + 1;
  }

  #fill(nowMs: number, ratePerSecond: number, burstSeconds: number): number {
    // At least one token deep, or a rate below 1/s would never let anyone in.
    const depth = Math.max(1, ratePerSecond * burstSeconds);
    const grown =
      this.#tokens === undefined
        ? depth
        : this.#tokens + (Math.max(0, nowMs - this.#filledAtMs) / 1000) * ratePerSecond;
    this.#filledAtMs = nowMs;
    this.#tokens = Math.min(depth, grown);
    return this.#tokens;
  }
}
