/** What a policy asked for while it played, tier by tier. */
import type { PolicyFactory } from '../../../simulation/policies/policy.ts';
import type { SimulatedTier } from '../../../simulation/simulation.ts';

export interface Watched {
  readonly tier: SimulatedTier;
  /** How often replicas turned from rising to falling or back. */
  readonly turns: number;
  readonly seconds: number;
  readonly mostWanted: number;
  readonly mostReplicas: number;
}

/** @param tiers gets an entry for every tier that a simulation asks */
export const watched =
  (factory: PolicyFactory, tiers: Watched[]): PolicyFactory =>
  (options) => {
    const policy = factory(options);
    let direction = 0;
    let entry: { -readonly [Key in keyof Watched]: Watched[Key] } | undefined;
    return (input, limits) => {
      const decision = policy(input, limits);
      if (entry === undefined) {
        const tier = input.backlog === undefined ? 'intake' : 'records';
        entry = { tier, turns: 0, seconds: 0, mostWanted: 0, mostReplicas: 0 };
        tiers.push(entry);
      }
      const next = Math.sign(decision.replicas - input.replicas);
      if (next !== 0 && direction !== 0 && next !== direction) entry.turns += 1;
      if (next !== 0) direction = next;
      entry.seconds += 1;
      entry.mostWanted = Math.max(entry.mostWanted, decision.wanted);
      entry.mostReplicas = Math.max(entry.mostReplicas, decision.replicas);
      return decision;
    };
  };
