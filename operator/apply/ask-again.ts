/**
 * Which Deployments' controllers are made to retry: after a refusal they back off for up to 17 minutes. One that has not
 * acted yet has too much to do, or does not run: another change of its Deployment is only more work. Pure.
 */
import { TIERS } from '../../contract/tiers.ts';
import type { ObservedCluster } from '../tick/cluster-view.ts';
import type { TierProblem } from '../tick/tier-problem.ts';

/** Within 10 s after room is free, with a second for the tick and one for the controllers. */
const ASK_EVERY_MS = 8_000;
/** Where the quota reports room. */
const ASK_SOON_MS = 3_000;

/**
 * | refused by                                                | retry      |
 * |-----------------------------------------------------------|------------|
 * | a quota that is full now                                  | none       |
 * | a quota that has room by now                              | every 3 s  |
 * | a quota that can't be read                                | every 8 s  |
 * | something else: a policy, pod security, a missing account | every 8 s  |
 * | no one: no controller has acted yet                       | none       |
 */
const everyMs = (problem: TierProblem): number => {
  if (problem.kind === 'quota' && problem.now !== 'full') return problem.now === 'room' ? ASK_SOON_MS : ASK_EVERY_MS;
  return problem.kind === 'refused' && problem.isUnanswered !== true ? ASK_EVERY_MS : Number.POSITIVE_INFINITY;
};

/** Names of Deployments. A clock that jumped back must not keep one waiting. */
export const tiersToAskAgain = (cluster: ObservedCluster, nowMs: number): readonly string[] =>
  TIERS.flatMap((tier) => {
    const { deployment, problems = [] } = cluster.tiers[tier] ?? {};
    const dueMs = Math.min(...problems.map(everyMs));
    const isDue = Math.abs(nowMs - (deployment?.askedAgainAtMs ?? 0)) >= dueMs;
    return deployment !== undefined && isDue ? [deployment.name] : [];
  });
