/** Which runs a bench consists of, in which order, and which of them are still to do. Pure. */
import { seededRandom } from '../../../local/load/random.ts';
import type { Contestant, CrowdName } from './contest.ts';

/** HPA looks every 15 s: the crowd comes at any moment of that with the same chance. */
const PHASE_MS = 15_000;

export interface Cell {
  readonly crowd: CrowdName;
  readonly contestant: Contestant;
  readonly runs: number;
  /** Requests a second of kube-controller-manager. */
  readonly managerQps: number;
}

export interface PlannedRun extends Omit<Cell, 'runs'> {
  /** `step-2-40/ours/20/3`. */
  readonly id: string;
  /** How long the crowd is kept waiting once everything stands. */
  readonly phaseMs: number;
}

/** FNV-1a: a run's phase depends on its name and the seed, not on which runs are done with it. */
const hash = (text: string): number => {
  let state = 0x811c9dc5;
  for (const character of text) state = Math.imul(state ^ (character.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  return state;
};

const run = ({ crowd, contestant, managerQps }: Cell, index: number, seed: number): PlannedRun => {
  const id = `${crowd}/${contestant}/${managerQps}/${index}`;
  return { id, crowd, contestant, managerQps, phaseMs: Math.round(seededRandom(hash(id) ^ seed).next() * PHASE_MS) };
};

const shuffled = <T>(items: readonly T[], next: () => number): readonly T[] => {
  const left = [...items];
  return items.flatMap(() => left.splice(Math.floor(next() * left.length), 1));
};

/**
 * Crowd after crowd (and within it by the controller manager's rate, which costs a restart), contestants interleaved: a
 * cell with 3 of 15 runs has them spread over the whole, and within each round the order is drawn. A machine that gets
 * slower in the second hour so slows everybody.
 */
export const runsOf = (cells: readonly Cell[], seed: number): readonly PlannedRun[] => {
  const random = seededRandom(seed);
  const groups = Map.groupBy(cells, ({ crowd, managerQps }) => `${crowd}/${managerQps}`);
  return [...groups.values()].flatMap((group) => {
    const rounds = Math.max(0, ...group.map(({ runs }) => runs));
    return Array.from({ length: rounds }, (_, round) => {
      const due = group.flatMap((cell) => {
        const before = Math.floor((round * cell.runs) / rounds);
        const after = Math.floor(((round + 1) * cell.runs) / rounds);
        return after > before ? [run(cell, after, seed)] : [];
      });
      return shuffled(due, () => random.next());
    }).flat();
  });
};

/** In the same order: those that no earlier bench has finished. */
export const remaining = (runs: readonly PlannedRun[], done: ReadonlySet<string>): readonly PlannedRun[] =>
  runs.filter(({ id }) => !done.has(id));

export interface Choice {
  readonly crowds?: readonly string[];
  readonly contestants?: readonly string[];
  /** Of each cell at most. */
  readonly runs?: number;
}

/** Numbers of the runs that are left stay theirs: who asks for one run first and for all later repeats none. */
export const chosen = (cells: readonly Cell[], { crowds, contestants, runs }: Choice): readonly Cell[] =>
  cells
    .filter(({ crowd, contestant }) => (crowds?.includes(crowd) ?? true) && (contestants?.includes(contestant) ?? true))
    .map((cell) => ({ ...cell, runs: Math.min(cell.runs, runs ?? cell.runs) }));
