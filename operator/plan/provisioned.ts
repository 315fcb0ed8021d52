/** Whether the cluster gives the tiers what they ask for, and how much is missing where it does not. */
import type { TierProblem } from '../reconcile/ports.ts';
import type { ScaledTier } from './observed.ts';
import { SCALED_TIERS } from './observed.ts';
import type { ConditionInput, Verdict } from './verdict.ts';

/** In the order in which they are told when there are several: what an admin can mend comes first. */
const REASONS = {
  quota: 'QuotaExceeded',
  refused: 'PodsRefused',
  unschedulable: 'Unschedulable',
  not_starting: 'PodsNotStarting',
} as const satisfies Record<TierProblem['kind'], Verdict<'Provisioned'>['reason']>;
const ORDER = ['quota', 'refused', 'unschedulable', 'not_starting'] as const satisfies readonly TierProblem['kind'][];

/** `requests.memory` 1,006,632,960 → `960Mi`, `requests.cpu` 3.5 → `3500m`, `pods` 4 → `4`: ready to be pasted into a quota. */
export const amountText = (resource: string, amount: number): string => {
  if (/memory|storage/.test(resource)) return `${Math.ceil(amount / 2 ** 20)}Mi`;
  return Number.isInteger(amount) ? String(amount) : `${Math.ceil(amount * 1000)}m`;
};

const amounts = (missing: readonly { readonly resource: string; readonly amount: number }[]): string =>
  missing.map(({ resource, amount }) => `${resource} ${amountText(resource, amount)}`).join(', ');

const pods = (tier: ScaledTier, replicas: number): string => `${replicas} ${tier} ${replicas === 1 ? 'pod' : 'pods'}`;

/** Words of others as a sentence among ours. */
const ended = (words: string): string => (/[.!?]$/.test(words.trim()) ? words.trim() : `${words.trim()}.`);

/** An estimate: nodes like those that are there, with what else runs on them. */
const nodes = ({ replicas, mostOnANode }: { readonly replicas: number; readonly mostOnANode?: number }): string => {
  if (mostOnANode === undefined) return '';
  const missing = Math.ceil(replicas / mostOnANode);
  return `, about ${missing} more ${missing === 1 ? 'node' : 'nodes'} at ${mostOnANode} a node`;
};

const sentence = (tier: ScaledTier, problem: TierProblem): string => {
  switch (problem.kind) {
    case 'quota':
      return `${pods(tier, problem.replicas)} can't be created: ResourceQuota ${problem.quota} lacks ${amounts(problem.missing)}. Raise it by that, or lower spec.scaling.tiers.${tier}.max.`;
    case 'refused':
      return `Pods of ${tier} are refused: ${ended(problem.message)}`;
    case 'unschedulable':
      return `No node takes ${pods(tier, problem.replicas)}; needed in all: ${amounts(problem.missing)}${nodes(problem)}. Add nodes or free room. The scheduler says: ${ended(problem.message)}`;
    case 'not_starting':
      return `${pods(tier, problem.replicas)} can't start, ${problem.reason}: ${ended(problem.message)}`;
  }
};

/** Placeholders without a place hinder nobody: a node autoscaler sees them, and so does who reads the message. */
const headroomNote = ({ headroom, observed }: ConditionInput): readonly string[] => {
  const wanted = headroom?.desired ?? 0;
  if (wanted === 0) return [];
  if (headroom?.isPossible === false) {
    return [
      'Head-room is not kept: the operator knows no priority class for it. Install the chart with app.headroomPriorityClassName, or with the class of its own.',
    ];
  }
  const ready = Math.min(wanted, observed.cluster.headroom?.ready ?? 0);
  return ready < wanted ? [`Head-room for ${ready} of ${wanted} more intake pods has a place.`] : [];
};

/**
 * Rows are tried from the top; the message tells all of them.
 *
 * | any tier has                | status | reason          |
 * |-----------------------------|--------|-----------------|
 * | pods that a quota refuses   | False  | QuotaExceeded   |
 * | pods refused otherwise      | False  | PodsRefused     |
 * | pods that no node takes     | False  | Unschedulable   |
 * | pods that can't start       | False  | PodsNotStarting |
 * | no tier exists              | Unknown | NotYetObserved |
 * | none of these               | True   | AllPlaced       |
 */
export const provisioned = (input: ConditionInput): Verdict<'Provisioned'> => {
  const { cluster } = input.observed;
  const all = SCALED_TIERS.flatMap((tier) =>
    (cluster.tiers[tier]?.problems ?? []).map((problem) => ({ kind: problem.kind, text: sentence(tier, problem) })),
  );
  const [first] = ORDER.filter((kind) => all.some((problem) => problem.kind === kind));
  if (SCALED_TIERS.every((tier) => cluster.tiers[tier] === undefined)) {
    return { status: 'Unknown', reason: 'NotYetObserved', message: 'No tier has been created yet.' };
  }
  if (first === undefined) {
    const message = ['Every replica that is asked for has a place.', ...headroomNote(input)].join(' ');
    return { status: 'True', reason: 'AllPlaced', message };
  }
  const sorted = ORDER.flatMap((kind) => all.filter((problem) => problem.kind === kind).map(({ text }) => text));
  return { status: 'False', reason: REASONS[first], message: sorted.join(' ') };
};
