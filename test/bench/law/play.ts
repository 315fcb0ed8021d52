/** Plays one cell: the law with what it believes, and the search for the fewest replicas that would have done as well. */
import type { PolicyDecision, PolicyFactory } from '../../../simulation/policies/policy.ts';
import { simulate } from '../../../simulation/simulate.ts';
import { type Watched, watched } from '../traces/watched.ts';
import type { Cell } from './cells.ts';

export interface Played {
  /** Citizens who waited more than 5 s. */
  readonly late: number;
  /** Of the tested tier; stuck pods are not counted. */
  readonly podSeconds: number;
  readonly mostWanted: number;
  readonly mostReplicas: number;
  readonly turns: number;
}

const run = (cell: Cell, factory: PolicyFactory): Played => {
  const tiers: Watched[] = [];
  const { lateOver5Seconds, podSeconds } = simulate(cell.spec, cell.trace, cell.plant, {
    newPolicy: watched(factory, tiers),
    tier: cell.tier,
    start: cell.start,
  });
  const { mostWanted = 0, mostReplicas = 0, turns = 0 } = tiers.find(({ tier }) => tier === cell.tier) ?? {};
  return { late: lateOver5Seconds, podSeconds, mostWanted, mostReplicas, turns };
};

/**
 * The law on what it believes of the plant. Stuck pods are among the first that it asks for once the crowd has come: it
 * sees them age and never become Ready, and they are part of what it asks for. The figures are without them. When it
 * lowers, they go first, as pods that are not Ready do.
 */
const believing =
  ({ plant, base, beliefs }: Cell, factory: PolicyFactory): PolicyFactory =>
  (options) => {
    const law = factory(options);
    let stuck = 0;
    let stuckSinceMs: number | undefined;
    return (input, limits) => {
      const age = (input.nowMs - (stuckSinceMs ?? input.nowMs)) / 1_000;
      const seen = input.replicas + stuck;
      const { replicas, wanted, ...rest } = law(
        {
          ...input,
          replicas: seen,
          startingSeconds: [...(input.startingSeconds ?? []), ...Array.from({ length: stuck }, () => age)],
          startSeconds: beliefs.start * plant.startSeconds,
          createdPerSecond: plant.podsCreatedPerSecond,
        },
        { ...limits, capacityPerReplica: beliefs.capacity * limits.capacityPerReplica },
      );
      if (beliefs.stuck > 0 && stuckSinceMs === undefined && replicas >= base) {
        stuckSinceMs = input.nowMs;
        stuck = Math.min(beliefs.stuck, replicas - seen);
      }
      if (replicas < seen) stuck = Math.max(0, stuck - (seen - replicas));
      return { ...rest, replicas: replicas - stuck, wanted: wanted - stuck };
    };
  };

export const playLaw = (cell: Cell, law: PolicyFactory): Played => run(cell, believing(cell, law));

const fixed =
  (cell: Cell, replicas: number): PolicyFactory =>
  () =>
  (input, limits): PolicyDecision => {
    const isTested = (input.backlog === undefined) === (cell.tier === 'intake');
    const opened = Date.parse(cell.spec.window.opensAt) + cell.stepSecond * 1_000;
    const next = isTested && input.nowMs >= opened ? Math.max(input.replicas, replicas) : input.replicas;
    return { replicas: Math.min(next, limits.max), wanted: next, limitedBy: 'Load', isForLoad: true };
  };

/** So many replicas, asked for in the tick that first sees the step and kept. */
export const playFixed = (cell: Cell, replicas: number): Played => run(cell, fixed(cell, replicas));

export interface Optimum {
  /** Late with everything that may be written. */
  readonly bestLate: number;
  /** The fewest replicas that keep late within max(50, 1 %) of it, and not below the target utilisation. */
  readonly replicas: number;
  readonly late: number;
  readonly podSeconds: number;
}

const COARSE = 1.3;

/** Coarse, then fine: more replicas at once never make more citizens late, so the first that suffices is the fewest. */
export const optimumOf = (cell: Cell): Optimum => {
  const from = Math.min(cell.base, cell.most);
  const { late: bestLate } = playFixed(cell, cell.most);
  const suffices = ({ late }: Played): boolean => late <= bestLate + Math.max(50, 0.01 * bestLate);
  let short = from - 1;
  let enough = from;
  let played = playFixed(cell, enough);
  while (!suffices(played)) {
    short = enough;
    enough = Math.min(cell.most, Math.ceil(enough * COARSE));
    played = playFixed(cell, enough);
  }
  while (enough - short > 1) {
    const middle = Math.floor((short + enough) / 2);
    const between = playFixed(cell, middle);
    if (suffices(between)) [enough, played] = [middle, between];
    else short = middle;
  }
  return { bestLate, replicas: enough, late: played.late, podSeconds: played.podSeconds };
};
