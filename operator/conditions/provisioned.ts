/** Whether the cluster gives the tiers what they ask for, and how much is missing where it does not. */

import { SCALED_TIERS } from '../tick/observed.ts';
import type { TierProblem, WriteRefusal } from '../tick/trouble.ts';
import { ended, problemText } from './tier-words.ts';
import { type ConditionInput, no, unknown, type Verdict, yes } from './verdict.ts';

type Reason = Verdict<'Provisioned'>['reason'];

/** In the order in which they are said when there are several: what an admin can mend comes first. */
const REASONS = {
  quota: 'QuotaExceeded',
  refused: 'PodsRefused',
  unschedulable: 'Unschedulable',
  lost: 'NodesLost',
  not_starting: 'PodsNotStarting',
  not_ready: 'PodsNotReady',
  ended: 'PodsFailed',
  rollout: 'RolloutStalled',
  not_ending: 'PodsNotEnding',
} as const satisfies Record<TierProblem['kind'], Reason>;
const ORDER: readonly Reason[] = ['ObjectsRefused', 'ObjectsNotWritten', ...Object.values(REASONS)];

const MOST_TOLD = 3;

/** Sentences on objects that the API server did not take. */
const refusalText = ({ what, words, isRefused, sinceMs }: WriteRefusal, nowMs: number): string =>
  isRefused
    ? `The API server refuses to ${what}: ${ended(words)}`
    : `It has not been possible to ${what} for ${Math.round((nowMs - sinceMs) / 10_000) * 10} s: ${ended(words)}`;

interface Told {
  readonly reason: Reason;
  readonly text: string;
}

const refusalsTold = ({ observed: { refusals = [] }, nowMs }: ConditionInput): readonly Told[] =>
  [true, false].flatMap((isRefused) => {
    const reason = isRefused ? 'ObjectsRefused' : 'ObjectsNotWritten';
    const some = refusals.filter((refusal) => refusal.isRefused === isRefused);
    const more = some.length - MOST_TOLD;
    const texts = [
      ...some.slice(0, MOST_TOLD).map((refusal) => refusalText(refusal, nowMs)),
      ...(more > 0 ? [`The same goes for ${more} more.`] : []),
      ...(some.length > 0 ? ['It is tried again every second.'] : []),
    ];
    return texts.map((text) => ({ reason, text }));
  });

/** Placeholders without a place do no harm: a node autoscaler sees them, and so do people who read the message. */
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

/** A rollout that goes on is no fault, and not the same as one that is done. */
const rolloutNotes = ({ observed: { cluster } }: ConditionInput): readonly string[] =>
  SCALED_TIERS.flatMap((tier) => {
    const { isRollingOut, updated, deployment } = cluster.tiers[tier] ?? {};
    return isRollingOut === true && deployment !== undefined && updated !== undefined && updated < deployment.replicas
      ? [`A rollout of ${tier} is under way: ${updated} of ${deployment.replicas} pods are of the new template.`]
      : [];
  });

/**
 * Rows are tried from the top; the message has all of them.
 *
 * | the campaign or any tier has               | status  | reason            |
 * |--------------------------------------------|---------|-------------------|
 * | objects that the API server refuses        | False   | ObjectsRefused    |
 * | objects that can't be written for 5 s      | False   | ObjectsNotWritten |
 * | pods that a quota refuses, in a rollout too | False  | QuotaExceeded     |
 * | pods refused otherwise, or not made at all | False   | PodsRefused       |
 * | pods that no node takes                    | False   | Unschedulable     |
 * | pods on nodes that do not answer           | False   | NodesLost         |
 * | pods that can't start                      | False   | PodsNotStarting   |
 * | pods that run and do not get Ready         | False   | PodsNotReady      |
 * | pods that ended a moment ago, some missing | False   | PodsFailed        |
 * | a rollout that was given up                | False   | RolloutStalled    |
 * | pods that do not end, some missing         | False   | PodsNotEnding     |
 * | no tier                                    | Unknown | NotYetObserved    |
 * | none of these                              | True    | AllPlaced         |
 */
export const provisioned = (input: ConditionInput): Verdict<'Provisioned'> => {
  const { cluster } = input.observed;
  const all: readonly Told[] = [
    ...refusalsTold(input),
    ...SCALED_TIERS.flatMap((tier) =>
      (cluster.tiers[tier]?.problems ?? []).map((problem) => ({
        reason: REASONS[problem.kind],
        text: problemText(input.tiers[tier], problem),
      })),
    ),
  ];
  const [first] = ORDER.filter((reason) => all.some((told) => told.reason === reason));
  if (first !== undefined) {
    const sorted = ORDER.flatMap((reason) => all.filter((told) => told.reason === reason).map(({ text }) => text));
    return no(first, sorted.join(' '));
  }
  if (SCALED_TIERS.every((tier) => cluster.tiers[tier] === undefined)) {
    return unknown('NotYetObserved', 'No tier has been created yet.');
  }
  const notes = [...rolloutNotes(input), ...headroomNote(input)];
  return yes('AllPlaced', ['Every replica that is asked for has a place.', ...notes].join(' '));
};
