/** What an intake pod tells of its last second, and of citizens who are due back; a test states only what differs. */
import { METRICS, TENTHS } from '../../contract/app-contract.ts';

export interface RecentSeries {
  readonly returned?: number;
  readonly dueBack?: number;
  /** Attempts, the newest tenth first; 0 where there is none. */
  readonly tenths?: readonly number[];
  /** Returns, the newer half first. */
  readonly halves?: readonly number[];
}

const byAge = (name: string, counts: readonly number[], length: number): readonly string[] =>
  Array.from({ length }, (_, index) => `${name}{ago="${index + 1}"} ${counts[index] ?? 0}`);

export const recentSeries = ({
  returned = 0,
  dueBack = 0,
  tenths = [],
  halves = [],
}: RecentSeries): readonly string[] => [
  `${METRICS.returnsExpected} ${returned}`,
  `${METRICS.dueBack} ${dueBack}`,
  ...byAge(METRICS.tenthAttempts, tenths, TENTHS),
  ...byAge(METRICS.halfReturns, halves, 2),
];

const TENTH_MS = 100;

/** The last ten full tenths of a second of a counter, the newest first. */
export const tenthsOf = (countedAt: (atMs: number) => number, atMs: number): readonly number[] => {
  const endMs = Math.floor(atMs / TENTH_MS) * TENTH_MS;
  const edges = Array.from({ length: TENTHS + 1 }, (_, index) => countedAt(endMs - index * TENTH_MS));
  return edges.slice(1).map((before, index) => (edges[index] ?? 0) - before);
};
