/**
 * The pods of one tier in the simulator: created at a limited rate, Ready after a start time. A data structure without a
 * clock: time is an argument, in seconds.
 */

export interface PlantRates {
  readonly startSeconds: number;
  /** The controller manager's limit: 20 unless the cluster's admin raised it. */
  readonly podsCreatedPerSecond: number;
  /** Pods that it may create at once after a pause; absent: one second's worth. */
  readonly podsCreatedBurst?: number;
  /** What the database takes in all; absent: whatever the records replicas can. */
  readonly databasePerSecond?: number;
}

interface Batch {
  readonly createdAt: number;
  count: number;
}

export class PlantTier {
  readonly #rates: PlantRates;
  readonly #burst: number;
  #replicas: number;
  #ready: number;
  #starting: Batch[] = [];
  #allowance: number;

  /** A tier that has been running for long. */
  constructor(replicas: number, rates: PlantRates) {
    this.#rates = rates;
    this.#burst = Math.max(rates.podsCreatedPerSecond, rates.podsCreatedBurst ?? 0);
    this.#replicas = replicas;
    this.#ready = replicas;
    this.#allowance = this.#burst;
  }

  /** What the pods that are Ready took. */
  get startSeconds(): number {
    return this.#rates.startSeconds;
  }
  /** Asked for. */
  get replicas(): number {
    return this.#replicas;
  }
  get ready(): number {
    return this.#ready;
  }
  /** There, Ready or not. */
  get pods(): number {
    return this.#ready + this.#starting.reduce((sum, { count }) => sum + count, 0);
  }

  /** Ages of the pods that aren't Ready at this second. */
  startingSeconds(t: number): readonly number[] {
    return this.#starting.flatMap(({ createdAt, count }) => Array.from({ length: count }, () => t - createdAt));
  }

  /** Pods whose start time is over are Ready from this second on. */
  begin(t: number): void {
    while ((this.#starting[0]?.createdAt ?? Number.POSITIVE_INFINITY) + this.#rates.startSeconds <= t) {
      this.#ready += this.#starting.shift()?.count ?? 0;
    }
  }

  /** The second's end: the youngest pods go first when there are too many, and missing ones are created. */
  scale(replicas: number, t: number): void {
    this.#replicas = replicas;
    this.#allowance = Math.min(this.#burst, this.#allowance + this.#rates.podsCreatedPerSecond);
    const missing = replicas - this.pods;
    if (missing < 0) this.#remove(-missing);
    const created = Math.min(missing, Math.floor(this.#allowance));
    if (created <= 0) return;
    this.#allowance -= created;
    this.#starting.push({ createdAt: t, count: created });
  }

  #remove(surplus: number): void {
    let left = surplus;
    for (let batch = this.#starting.at(-1); left > 0 && batch !== undefined; batch = this.#starting.at(-1)) {
      const taken = Math.min(left, batch.count);
      batch.count -= taken;
      left -= taken;
      if (batch.count === 0) this.#starting.pop();
    }
    this.#ready -= left;
  }
}
