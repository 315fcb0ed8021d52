/** Sentences about a tier whose replicas are missing or do not serve. Pure. */
import { amountText } from '../../contract/amounts.ts';
import type { Tier } from '../../contract/tiers.ts';
import type { TierOutcome } from '../tick/observed.ts';
import type { Said, TierProblem } from '../tick/tier-problem.ts';

const amounts = (missing: readonly { readonly resource: string; readonly amount: number }[]): string =>
  missing.map(({ resource, amount }) => `${resource} ${amountText(resource, amount)}`).join(', ');

const pods = (tier: Tier, replicas: number): string => `${replicas} ${tier} ${replicas === 1 ? 'pod' : 'pods'}`;

/** A runtime's message about one image can fill a whole condition. */
const MOST_CHARACTERS = 300;

/** A message of another program as a sentence among ours, cut so that the others have room. */
export const ended = (words: string): string => {
  const text = words.trim();
  if (text.length > MOST_CHARACTERS) return `${text.slice(0, MOST_CHARACTERS)}…`;
  return /[.!?…]$/.test(text) ? text : `${text}.`;
};

/** Coarse, so that a status is not written each second: 47 s → `40 s`, 150 s → `2 min`, 3 h → `180 min`. */
const ageText = (seconds: number): string =>
  seconds < 90 ? `${Math.max(10, Math.floor(seconds / 10) * 10)} s` : `${Math.floor(seconds / 60)} min`;

const mayBeOld = ({ saidSecondsAgo }: Said): string =>
  saidSecondsAgo === undefined ? '' : ` This message is ${ageText(saidSecondsAgo)} old and may be out of date.`;

/** An estimate: new nodes like the present ones, with the same other pods on them. */
const nodes = ({ replicas, mostOnANode }: { readonly replicas: number; readonly mostOnANode?: number }): string => {
  if (mostOnANode === undefined) return '';
  const missing = Math.ceil(replicas / mostOnANode);
  return `, about ${missing} more ${missing === 1 ? 'node' : 'nodes'} (${mostOnANode} ${mostOnANode === 1 ? 'pod fits' : 'pods fit'} on a node)`;
};

type Problem<K extends TierProblem['kind']> = Extract<TierProblem, { readonly kind: K }>;

const quotaText = (tier: Tier, problem: Problem<'quota'>): string => {
  const { quota, replicas, missing, isRollout, now } = problem;
  if (now === 'room') {
    return `${pods(tier, replicas)} ${replicas === 1 ? 'was' : 'were'} refused by ResourceQuota ${quota}. It has room now, and the operator makes the cluster retry.`;
  }
  const what =
    isRollout === true
      ? `The rollout of ${tier} waits: ${pods(tier, replicas)} of the new pod template can't be created`
      : `${pods(tier, replicas)} can't be created`;
  const other = isRollout === true ? '' : `, or lower spec.scaling.tiers.${tier}.max`;
  return `${what}: ResourceQuota ${quota} is full. Raise it by ${amounts(missing)}${other}.${mayBeOld(problem)}`;
};

const refusedText = (tier: Tier, problem: Problem<'refused'>): string => {
  const what = problem.isRollout === true ? `Pods of the new pod template of ${tier}` : `Pods of ${tier}`;
  return `${what} are refused: ${ended(problem.message)} The operator makes the cluster retry every few seconds.${mayBeOld(problem)}`;
};

const lostText = (tier: Tier, problem: Problem<'lost'>, { written, desired, isActing }: TierOutcome): string => {
  const { replicas, nodes: names } = problem;
  const where = names.length === 1 ? `node ${names[0]} does not answer` : `nodes ${names.join(', ')} do not answer`;
  const replaced = Math.max(0, written - desired);
  const rest = replicas - replaced;
  const ending = 'The cluster evicts them after the time in their tolerations.';
  const what = `${pods(tier, replicas)} can't be reached: ${where}.`;
  if (!isActing) return `${what} ${ending}`;
  if (rest <= 0) return `${what} Other pods replace them until the node is back or the cluster has deleted them.`;
  return `${what} ${replaced === 0 ? 'None' : `Only ${replaced}`} can be replaced now: the ceiling or spec.scaling.tiers.${tier}.max allows no more. ${ending}`;
};

/** Back-offs of the kubelet end only by waiting, or with a new pod. */
const againText = (reason: string): string =>
  /BackOff/.test(reason)
    ? ' The kubelet retries within 5 minutes. New pods start at once: delete these when the cause is fixed.'
    : '';

const podText = (tier: Tier, problem: Problem<'not_starting' | 'not_ready' | 'ended' | 'not_ending'>): string => {
  const { kind, replicas, reason, message } = problem;
  const why = message === '' ? `${reason}.` : `${reason}: ${ended(message)}`;
  const of = pods(tier, replicas);
  switch (kind) {
    case 'not_starting':
      return `${of} can't start, ${why}${againText(reason)}${mayBeOld(problem)}`;
    case 'not_ready':
      return `${of} ${replicas === 1 ? 'runs and is' : 'run and are'} not Ready, ${why}${mayBeOld(problem)}`;
    case 'ended':
      return `${of} ended within the last minute, ${why}`;
    case 'not_ending':
      return `${of} should have ended, ${why} Until then ${replicas === 1 ? 'it counts' : 'they count'} in quotas. Check the node; if it is gone for good, delete it or taint it node.kubernetes.io/out-of-service.`;
  }
};

export const problemText = (outcome: TierOutcome, problem: TierProblem): string => {
  const { tier } = outcome;
  switch (problem.kind) {
    case 'quota':
      return quotaText(tier, problem);
    case 'refused':
      return refusedText(tier, problem);
    case 'unschedulable':
      return `No node has room for ${pods(tier, problem.replicas)}; needed in total: ${amounts(problem.missing)}${nodes(problem)}. Add nodes or free room. The scheduler says: ${ended(problem.message)}`;
    case 'lost':
      return lostText(tier, problem, outcome);
    case 'rollout':
      return `The rollout of ${tier} stopped at ${problem.updated} of ${problem.replicas} pods of the new pod template: ${ended(problem.message)}`;
    default:
      return podText(tier, problem);
  }
};
