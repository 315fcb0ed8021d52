/** Waiting times of a first come, first served queue from what arrives and what is served in every second. Pure. */

export interface WaitSummary {
  readonly p50: number;
  readonly p99: number;
  /** Arrivals that waited longer than 5 s. */
  readonly lateOver5: number;
}

export const newWaits = () => {
  /** Arrivals by how many whole seconds they waited. */
  const byWait = new Map<number, number>();
  const queue: { readonly at: number; amount: number }[] = [];
  let head = 0;
  let second = 0;

  const percentile = (share: number, total: number): number => {
    let counted = 0;
    for (const [wait, amount] of [...byWait].sort(([a], [b]) => a - b)) {
      counted += amount;
      if (counted >= share * total) return wait;
    }
    return 0;
  };

  return {
    /** 100 arrive and 60 are served: 60 waited 0 s, 40 wait on. */
    step(arrived: number, served: number) {
      if (arrived > 0) queue.push({ at: second, amount: arrived });
      let left = served;
      for (let cohort = queue[head]; left > 0 && cohort !== undefined; cohort = queue[head]) {
        const taken = Math.min(left, cohort.amount);
        const wait = second - cohort.at;
        byWait.set(wait, (byWait.get(wait) ?? 0) + taken);
        cohort.amount -= taken;
        left -= taken;
        if (cohort.amount <= 0) head += 1;
      }
      second += 1;
    },
    summary(): WaitSummary {
      const total = [...byWait.values()].reduce((sum, amount) => sum + amount, 0);
      const lateOver5 = [...byWait].reduce((sum, [wait, amount]) => (wait > 5 ? sum + amount : sum), 0);
      return { p50: percentile(0.5, total), p99: percentile(0.99, total), lateOver5 };
    },
  };
};
