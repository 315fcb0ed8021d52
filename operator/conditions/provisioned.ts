/** Whether the cluster provides what the tiers request, and what is missing. */
import { TIERS } from '../../contract/tiers.ts';
import type { TierProblem, WriteRefusal } from '../tick/tier-problem.ts';
import { ended, problemText } from './tier-words.ts';
import { type ConditionInput, no, unknown, type Verdict, yes } from './verdict.ts';

type Reason = Verdict<'Provisioned'>['reason'];

/** In the order in which they are reported: what an admin can fix comes first. */
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

const MOST_SHOWN = 3;

const refusalText = ({ what, words, isRefused, sinceMs }: WriteRefusal, nowMs: number): string =>
  isRefused
    ? `The API server refuses to ${what}: ${ended(words)}`
    : `For ${Math.round((nowMs - sinceMs) / 10_000) * 10} s the operator has failed to ${what}: ${ended(words)}`;

interface Finding {
  readonly reason: Reason;
  readonly text: string;
}

const refusalFindings = ({ observed: { refusals = [] }, nowMs }: ConditionInput): readonly Finding[] =>
  [true, false].flatMap((isRefused) => {
    const reason = isRefused ? 'ObjectsRefused' : 'ObjectsNotWritten';
    const some = refusals.filter((refusal) => refusal.isRefused === isRefused);
    if (some.length === 0) return [];
    const more = some.length - MOST_SHOWN;
    return [
      ...some.slice(0, MOST_SHOWN).map((refusal) => refusalText(refusal, nowMs)),
      ...(more > 0 ? [`The same applies to ${more} more.`] : []),
      'The operator retries every second.',
    ].map((text) => ({ reason, text }));
  });

/** Placeholders without a place do no harm; node autoscalers react to them, and people who read the message. */
const headroomNote = ({ headroom, observed }: ConditionInput): readonly string[] => {
  const wanted = headroom?.desired ?? 0;
  if (wanted === 0) return [];
  if (headroom?.isPossible === false) {
    return [
      'No headroom is kept: the operator has no priority class for it. Install the chart with app.headroomPriorityClassName, or with its own class.',
    ];
  }
  const ready = Math.min(wanted, observed.cluster.headroom?.ready ?? 0);
  return ready < wanted ? [`Headroom: ${ready} of ${wanted} placeholders for more intake pods have a node.`] : [];
};

/** A rollout under way is no fault, but it is not done. */
const rolloutNotes = ({ observed: { cluster } }: ConditionInput): readonly string[] =>
  TIERS.flatMap((tier) => {
    const { isRollingOut, updated, deployment } = cluster.tiers[tier] ?? {};
    return isRollingOut === true && deployment !== undefined && updated !== undefined && updated < deployment.replicas
      ? [`A rollout of ${tier} is under way: ${updated} of ${deployment.replicas} pods are of the new pod template.`]
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
 * | pods refused otherwise, or not created     | False   | PodsRefused       |
 * | pods that no node takes                    | False   | Unschedulable     |
 * | pods on nodes that do not answer           | False   | NodesLost         |
 * | pods that can't start                      | False   | PodsNotStarting   |
 * | pods that run and do not get Ready         | False   | PodsNotReady      |
 * | pods that ended a moment ago, some missing | False   | PodsFailed        |
 * | a rollout that stopped                     | False   | RolloutStalled    |
 * | pods that do not end, some missing         | False   | PodsNotEnding     |
 * | no tier                                    | Unknown | NotYetObserved    |
 * | none of these                              | True    | AllPlaced         |
 */
export const provisioned = (input: ConditionInput): Verdict<'Provisioned'> => {
  const { cluster } = input.observed;
  const all: readonly Finding[] = [
    ...refusalFindings(input),
    ...TIERS.flatMap((tier) =>
      (cluster.tiers[tier]?.problems ?? []).map((problem) => ({
        reason: REASONS[problem.kind],
        text: problemText(input.tiers[tier], problem),
      })),
    ),
  ];
  const sorted = ORDER.flatMap((reason) => all.filter((finding) => finding.reason === reason));
  const [first] = sorted;
  if (first !== undefined) return no(first.reason, sorted.map(({ text }) => text).join(' '));
  if (TIERS.every((tier) => cluster.tiers[tier] === undefined)) {
    return unknown('NotYetObserved', 'No tier has been created yet.');
  }
  const notes = [...rolloutNotes(input), ...headroomNote(input)];
  return yes('AllPlaced', ['Every requested replica has a node.', ...notes].join(' '));
};
