/** How the draw is shown: its two conditions. Pure. */
import type { Committed, Drawn } from '../../contract/decisions/draw.ts';
import { type ChainState, missingValues } from '../../contract/decisions/draw-chain.ts';
import { DRAW_COMMIT } from '../../contract/names.ts';
import { asBefore, type ConditionInput, no, unknown, type Verdict, yes } from '../conditions/verdict.ts';
import type { ObservedCluster } from '../tick/cluster-view.ts';
import { agreementOf, authorizerOf, drawCommandsOf, enteredFor, firstDigits } from './commands.ts';
import type { DrawState } from './draw-keeper.ts';
import { hasDraw } from './order.ts';
import { isPromoting, isTooLate } from './promotions.ts';

type Input = Pick<ConditionInput, 'observed' | 'campaign' | 'nowMs'>;
type Unknown = Extract<DrawState, { readonly kind: 'unknown' | 'unreadable' }> | undefined;

const unknownText = (draw: NonNullable<Unknown>): readonly ['JournalUnavailable' | 'EntryUnreadable', string] =>
  draw.kind === 'unknown'
    ? ['JournalUnavailable', `The steps of the draw are unknown: ${draw.message}. The operator asks again.`]
    : ['EntryUnreadable', `${draw.message}. Install the release that wrote it, or a later one.`];

const listsOf = ({ observed: { freeze } }: Input) => (freeze?.kind === 'done' ? freeze.listed?.lists : undefined);
const isListed = (input: Input): boolean => listsOf(input) !== undefined;

const commandOf = (words: string, { campaign: { metadata } }: Input): string =>
  `kubectl voucher draw ${words} -n ${metadata.namespace}`;

const commitmentText = ({ attempt, digest, authorizedBy, commitment }: Committed): string =>
  `Commitment ${attempt} has the digest ${digest}; ${authorizedBy} authorised it. No source has its value before ${commitment.notBefore}.`;

/** A condition's message has room for more. */
const MOST_DECLINED_SHOWN = 5;

/** What is wrong with the Job, if it is; empty where it is at work. */
const jobText = ({ jobs, isJobsUnseen }: ObservedCluster, { campaign: { metadata } }: Input): string => {
  if (isJobsUnseen === true)
    return ' The operator has no permission to list Jobs in this namespace (docs/operations.md).';
  const runs = Object.entries(jobs ?? {}).flatMap(([key, job]) => (key.startsWith('draw') ? [job] : []));
  const failing = runs.find(({ state, failedPods }) => state === 'failed' || (failedPods > 0 && state !== 'done'));
  if (failing !== undefined)
    return ` Pods of the Job ${failing.name} fail: kubectl logs job/${failing.name} -n ${metadata.namespace}.`;
  const waits = runs.find(({ state }) => state === 'starting');
  // A claim for the bundle that does not exist, a quota, a refused pod.
  return waits === undefined
    ? ''
    : ` The pod of the Job ${waits.name} does not run yet. If that lasts: kubectl describe job ${waits.name} -n ${metadata.namespace}, and kubectl describe pods -n ${metadata.namespace} -l job-name=${waits.name}.`;
};

/**
 * | known of the draw                          | status  | reason                  |
 * |--------------------------------------------|---------|-------------------------|
 * | the campaign has no sources                | absent  |                         |
 * | the list is not made                       | False   | NotListed               |
 * | not asked yet                              | as before, or Unknown | NotYetObserved |
 * | the journal does not answer                | Unknown | JournalUnavailable      |
 * | a step can't be read                       | Unknown | EntryUnreadable         |
 * | committed once                             | True    | Committed               |
 * | committed again, after a postponement      | True    | Postponed               |
 * | an annotation can't be read                | False   | CommandUnreadable       |
 * | no owner has authorised it, or for another list | False | WaitingForAuthorization |
 * | authorised                                 | False   | Committing              |
 */
export const drawCommitted = (input: Input): Verdict<'DrawCommitted'> | undefined => {
  const { campaign, observed } = input;
  if (!hasDraw(campaign.spec)) return undefined;
  const { draw } = observed;
  if (draw === undefined) {
    const before = asBefore(input, 'DrawCommitted');
    if (before !== undefined) return before;
    return isListed(input)
      ? unknown('NotYetObserved', 'The journal has not been asked yet for the steps of the draw.')
      : no('NotListed', 'The list of the draw is not made yet. See the condition ListFrozen.');
  }
  if (draw.kind !== 'known') return unknown(...unknownText(draw));
  const { committed } = draw.chain;
  if (committed !== undefined) {
    const text = commitmentText(committed);
    return committed.attempt === 1
      ? yes('Committed', text)
      : yes('Postponed', `A source had no value in time, so the draw was postponed. ${text}`);
  }
  const commands = drawCommandsOf(campaign);
  const { unreadable, authorization } = commands;
  const authorizedBy = authorizerOf(commands, listsOf(input));
  if (authorizedBy === undefined && unreadable.length > 0) return no('CommandUnreadable', unreadable.join(' '));
  const { name } = campaign.metadata;
  const other =
    authorization === undefined
      ? ''
      : ` The annotation ${DRAW_COMMIT} names another list, so it does not count: authorise the commitment again.`;
  return authorizedBy === undefined
    ? no(
        'WaitingForAuthorization',
        `An owner must authorise the commitment: ${commandOf(`commit ${name}`, input)}. It fixes the lists, the quotas and the sources.${other}`,
      )
    : no(
        'Committing',
        `${authorizedBy} authorised the commitment; a Job computes and publishes it.${jobText(observed.cluster, input)}`,
      );
};

const resultText = ({ digest, vouchers }: Drawn): string => {
  const each = vouchers.map(
    ({ voucher, winners, waitlisted }) => `${voucher} ${winners} winners, ${waitlisted} waiting`,
  );
  return `The result has the digest ${digest}: ${each.join('; ')}.`;
};

const DECLINED_SHOWN_MS = 86_400_000;

/** How many moved up, and the last commands that could not be carried out, by their order in the chain. */
const promotedText = ({ promoted, declined }: ChainState, { digest }: Drawn, { campaign, nowMs }: Input): string => {
  const { promotions, unreadable } = drawCommandsOf(campaign);
  const moved = promoted.length === 0 ? '' : ` ${promoted.length} moved up from the waiting list.`;
  // The annotation of a command is removed once it has its answer.
  const refused = declined.flatMap(({ command, by, at, why }) => {
    const falls = promotions.find((one) => one.command === command)?.falls;
    if (falls !== undefined) return [` ${falls} is not replaced: ${why}.`];
    return nowMs - Date.parse(at) > DECLINED_SHOWN_MS ? [] : [` A command of ${by} was declined at ${at}: ${why}.`];
  });
  const other = promotions
    .filter(({ result }) => result !== firstDigits(digest))
    .map(({ falls }) => ` The command to replace ${falls} names another result and does not count: give it again.`);
  return [
    moved,
    ...refused.slice(-MOST_DECLINED_SHOWN),
    ...other.slice(0, 1),
    ...unreadable.map((text) => ` ${text}`),
  ].join('');
};

/** Values that two people entered, and that are not the same. */
const differing = (chain: ChainState, { campaign }: Input): readonly string[] => {
  const commands = drawCommandsOf(campaign);
  return missingValues(chain).flatMap((name) => {
    const agreement = agreementOf(enteredFor(commands, name, chain.committed?.digest ?? ''));
    if (agreement.kind === 'differ') return [`${agreement.by.join(' and ')} entered different values for ${name}`];
    return agreement.kind === 'onePerson' ? [`${agreement.by[0]} entered the value of ${name} twice`] : [];
  });
};

/** Values of sources that wait for one, and that name another commitment. */
const outdated = (missing: readonly string[], digest: string, { campaign }: Input): string => {
  const { values } = drawCommandsOf(campaign);
  const names = missing.filter((name) =>
    (values.get(name) ?? []).some(({ commitment }) => commitment !== firstDigits(digest)),
  );
  return names.length === 0
    ? ''
    : ` Values of ${names.join(', ')} were entered for another commitment and do not count: enter them again.`;
};

const waiting = (chain: ChainState, { commitment, digest }: Committed, input: Input): Verdict<'Drawn'> => {
  const { notBefore, postponeAt } = commitment;
  if (input.nowMs < Date.parse(notBefore)) {
    return no('WaitingForTime', `No source has its value before ${notBefore}.`);
  }
  const until = `If a source has no value by ${postponeAt}, the draw is postponed.`;
  const { name } = input.campaign.metadata;
  const different = differing(chain, input);
  if (different.length > 0) {
    return no(
      'ValuesDiffer',
      `${different.join('; ')}. The operator uses neither value. Compare both with the published value, and enter the correct one again: ${commandOf(`source ${name} SOURCE VALUE`, input)}. ${until}`,
    );
  }
  const missing = missingValues(chain);
  const wrong = drawCommandsOf(input.campaign).unreadable.map((text) => ` ${text}`);
  return missing.length > 0
    ? no(
        'WaitingForValues',
        `Two different people must enter the value of ${missing.join(', ')}: ${commandOf(`source ${name} ${missing[0]} VALUE`, input)}. ${until}${outdated(missing, digest, input)}${wrong.join('')}`,
      )
    : no(
        'WaitingForSources',
        `A Job asks drand for the value of its round. ${until}${jobText(input.observed.cluster, input)}`,
      );
};

/**
 * | known of the draw                                  | status  | reason             |
 * |----------------------------------------------------|---------|--------------------|
 * | the campaign has no sources                        | absent  |                    |
 * | as for DrawCommitted: not asked, unknown, unreadable |       |                    |
 * | no commitment                                      | False   | NotCommitted       |
 * | committed, before notBefore                        | False   | WaitingForTime     |
 * | … two people entered different values, or one twice | False  | ValuesDiffer       |
 * | … public values are missing                        | False   | WaitingForValues   |
 * | … none is missing                                  | False   | WaitingForSources  |
 * | every source has its value                         | False   | Drawing            |
 * | there is a result, and facts are missing           | True    | Drawn              |
 * | … and every fact is stored                         | True    | Announced          |
 * | … and an owner has the next of the waitlist move up, or a fact of that is missing | True | Promoting |
 */
export const drawn = (input: Input): Verdict<'Drawn'> | undefined => {
  const { campaign, observed } = input;
  if (!hasDraw(campaign.spec)) return undefined;
  const { draw } = observed;
  if (draw === undefined) {
    const before = asBefore(input, 'Drawn');
    if (before !== undefined) return before;
    return isListed(input)
      ? unknown('NotYetObserved', 'The journal has not been asked yet for the steps of the draw.')
      : no('NotCommitted', 'The list of the draw is not made yet.');
  }
  if (draw.kind !== 'known') return unknown(...unknownText(draw));
  const { chain } = draw;
  const { committed, sourced, drawn: result, announced } = chain;
  const job = jobText(observed.cluster, input);
  if (result !== undefined && announced !== undefined) {
    const text = `${resultText(result)} Every winner's status shows it.${promotedText(chain, result, input)}`;
    if (isPromoting(campaign, chain) && isTooLate(observed.previous))
      return yes('Announced', `${text} Personal data is destroyed, so no other command to promote is carried out.`);
    return isPromoting(campaign, chain)
      ? yes('Promoting', `${text} A Job lets the next on the waiting list move up.${job}`)
      : yes('Announced', text);
  }
  if (result !== undefined) return yes('Drawn', `${resultText(result)} It is being written for every winner.${job}`);
  if (sourced !== undefined) return no('Drawing', `Every source has its value. A Job computes the result.${job}`);
  return committed === undefined
    ? no('NotCommitted', 'The commitment is not published yet. See the condition DrawCommitted.')
    : waiting(chain, committed, input);
};
