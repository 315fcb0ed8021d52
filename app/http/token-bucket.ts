/**
 * A pod's share of the admission rate. Worked example: 100/s with a depth of 2 s holds at most 200 tokens; 100 return in a second.
 * Of 500 requests at one instant 200 are admitted and 300 are shed.
 */
export class TokenBucket {
  #tokens: number | undefined;
  #filledAtMs = 0;

  /** Whether `take` would succeed now. */
  hasOne(nowMs: number, ratePerSecond: number, burstSeconds: number): boolean {
    return this.#fill(nowMs, ratePerSecond, burstSeconds) >= 1;
  }

  /** How full it is, from 1 on down; below 0 where tokens of a later time were taken. */
  level(nowMs: number, ratePerSecond: number, burstSeconds: number): number {
    return this.#fill(nowMs, ratePerSecond, burstSeconds) / Math.max(1, ratePerSecond * burstSeconds);
  }

  /** Takes one token at `nowMs` (monotonic ms). Rate and depth may change from call to call. */
  take(nowMs: number, ratePerSecond: number, burstSeconds: number): boolean {
    const tokens = this.#fill(nowMs, ratePerSecond, burstSeconds);
    if (tokens < 1) return false;
    this.#tokens = tokens - 1;
    return true;
  }

  /** Takes a token also where there is none, at most as many as the depth: those of a later time. */
  takeAnyway(nowMs: number, ratePerSecond: number, burstSeconds: number): void {
    const tokens = this.#fill(nowMs, ratePerSecond, burstSeconds);
    this.#tokens = Math.max(tokens - 1, -Math.max(1, ratePerSecond * burstSeconds));
  }

  /** Returns a token that was not used; tokens above the depth are lost at the next call. */
  giveBack(): void {
    this.#tokens = (this.#tokens ?? 0) + 1;
  }

  #fill(nowMs: number, ratePerSecond: number, burstSeconds: number): number {
    // At least one token deep, otherwise a rate below 1/s would never admit.
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
