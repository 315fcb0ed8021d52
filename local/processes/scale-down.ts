/** Which pods go when there are too many: those that serve nobody first, then the youngest, whose caches are coldest. */

export interface Candidate {
  readonly name: string;
  readonly ready: boolean;
  readonly createdAtMs: number;
}

const byWorth = (a: Candidate, b: Candidate): number => {
  if (a.ready !== b.ready) return a.ready ? 1 : -1;
  return b.createdAtMs - a.createdAtMs || (a.name < b.name ? -1 : 1);
};

export const leastWorth = <Pod extends Candidate>(pods: readonly Pod[], count: number): readonly Pod[] =>
  [...pods].sort(byWorth).slice(0, Math.max(0, count));
