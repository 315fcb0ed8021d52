/** Which Deployments' controllers are to be woken: refused once, they back off for up to 17 minutes. Pure. */

import type { ObservedCluster } from '../tick/cluster-view.ts';
import { SCALED_TIERS } from '../tick/observed.ts';
import type { TierProblem } from '../tick/trouble.ts';

/** Within 10 s of the room being there, with a second for the tick and one for the controllers. */
const ASK_EVERY_MS = 8_000;
/** Where a quota says that there is room. */
const ASK_SOON_MS = 3_000;

/**
 * | refused by                        | asked again              |
 * |-----------------------------------|--------------------------|
 * | a quota that is full now          | no: it says when it isn't |
 * | a quota that has room by now      | every 3 s                |
 * | a quota that nobody can look at   | every 8 s                |
 * | something else: a policy, pod security, a missing account | every 8 s |
 */
const everyMs = (problem: TierProblem): number => {
  if (problem.kind === 'quota' && problem.now !== 'full') return problem.now === 'room' ? ASK_SOON_MS : ASK_EVERY_MS;
  return problem.kind === 'refused' ? ASK_EVERY_MS : Number.POSITIVE_INFINITY;
};

/** Names of Deployments. A clock that jumped back must not keep one waiting. */
export const tiersToAskAgain = (cluster: ObservedCluster, nowMs: number): readonly string[] =>
  SCALED_TIERS.flatMap((tier) => {
    const { deployment, problems = [] } = cluster.tiers[tier] ?? {};
    const dueMs = Math.min(...problems.map(everyMs));
    const isDue = Math.abs(nowMs - (deployment?.askedAgainAtMs ?? 0)) >= dueMs;
    return deployment !== undefined && isDue ? [deployment.name] : [];
  });
