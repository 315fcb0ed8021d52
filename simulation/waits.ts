/** Waiting times of a first come, first served queue from what arrives and what is served in every second. Pure. */

export interface WaitSummary {
  readonly p50: number;
  readonly p99: number;
  /** Arrivals that waited longer than 5 s. */
  readonly lateOver5: number;
}

interface Cohort {
  /** Second of arrival. */
  readonly at: number;
  amount: number;
}

/** What floating point leaves of a cohort that was served in full. */
const NO_ONE = 1e-6;
/** Served cohorts that may lie before the head of the queue until it is cut. */
const CUT_AT = 4_096;

export const newWaits = () => {
  /** Arrivals by how many whole seconds they waited. */
  const byWait = new Map<number, number>();
  let queue: Cohort[] = [];
  let head = 0;
  let second = 0;

  return {
    /** One second: 100 arrive and 60 are served: 60 waited 0 s, 40 wait on. */
    step(arrived: number, served: number) {
      if (arrived > 0) queue.push({ at: second, amount: arrived });
      let left = served;
      for (let cohort = queue[head]; left > 0 && cohort !== undefined; cohort = queue[head]) {
        const taken = Math.min(left, cohort.amount);
        count(byWait, second - cohort.at, taken);
        cohort.amount -= taken;
        left -= taken;
        if (cohort.amount <= NO_ONE) head += 1;
      }
      if (head >= CUT_AT) {
        queue = queue.slice(head);
        head = 0;
      }
      second += 1;
    },
    /** Over all citizens; those who still wait have waited until now. */
    summary(): WaitSummary {
      const all = new Map(byWait);
      for (const { at, amount } of queue.slice(head)) count(all, second - at, amount);
      const ascending = [...all].sort(([a], [b]) => a - b);
      const total = ascending.reduce((sum, [, amount]) => sum + amount, 0);
      const lateOver5 = ascending.reduce((sum, [wait, amount]) => (wait > 5 ? sum + amount : sum), 0);
      return { p50: percentile(ascending, 0.5 * total), p99: percentile(ascending, 0.99 * total), lateOver5 };
    },
  };
};

const count = (byWait: Map<number, number>, wait: number, amount: number): void => {
  byWait.set(wait, (byWait.get(wait) ?? 0) + amount);
};

const percentile = (ascending: readonly (readonly [number, number])[], rank: number): number => {
  let counted = 0;
  for (const [wait, amount] of ascending) {
    counted += amount;
    if (counted >= rank) return wait;
  }
  return 0;
};
