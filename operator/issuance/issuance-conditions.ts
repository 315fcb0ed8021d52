/** How issuance is shown: the condition Issued. Pure. */
import { ISSUE_START } from '../../contract/names.ts';
import type { IssuanceStatus } from '../../contract/types/issuance.ts';
import { asBefore, type ConditionInput, no, unknown, type Verdict, yes } from '../conditions/verdict.ts';
import { replacedIn, replacedText } from '../draw/replaced.ts';
import { issuanceCommandsOf, starterOf } from './commands.ts';
import { haltsOf } from './halts.ts';
import { isAnnounced, issuanceStartedAt, resultOf, stockComparison } from './issuance-request.ts';
import { issuanceStatus, receiptsWith } from './issuance-status.ts';
import type { Comparison } from './stocks.ts';

const count = (number: number): string => number.toLocaleString('en-US');

const commandOf = (words: string, { campaign: { metadata } }: ConditionInput, after = ''): string =>
  `kubectl voucher ${words} ${metadata.name}${after} -n ${metadata.namespace}`;

const differText = ({ differences }: Comparison): string =>
  `${differences.map(({ text }) => text).join(' ')} Correct the stock in the merchant platform; spec.vouchers is fixed once the campaign has opened.`;

const untoldText = ({ untold }: Comparison): string =>
  untold.length === 0
    ? ''
    : ` Not reported by the channel, so compare it yourself in the merchant platform: ${untold.slice(0, 4).join('; ')}${untold.length > 4 ? '; …' : ''}.`;

const unknownText = ({ unknown: channels }: Comparison, { campaign: { metadata } }: ConditionInput): string =>
  `In the last two minutes no issuance pod has read all stocks of ${channels.join(', ')}. See the condition ChannelsReachable, and kubectl get pods -n ${metadata.namespace} -l voucher-operator.io/campaign=${metadata.name},app.kubernetes.io/component=issuance.`;

/**
 * Before issuance has started. Rows are tried from the top.
 *
 * | draw announced | a stock differs | an owner has started it | every stock is known | reason                  |
 * |----------------|-----------------|-------------------------|----------------------|-------------------------|
 * | any            | yes             | any                     | any                  | SettingsDiffer          |
 * | no             | no              | any                     | any                  | NotDrawn                |
 * | yes            | no              | no, it can't be read    | any                  | CommandUnreadable       |
 * | yes            | no              | no                      | any                  | WaitingForAuthorization |
 * | yes            | no              | yes                     | no                   | StocksUnknown           |
 * | yes            | no              | yes                     | yes                  | Starting                |
 */
const beforeStart = (input: ConditionInput): Verdict<'Issued'> => {
  const { campaign, observed, nowMs } = input;
  const comparison = stockComparison(campaign.spec, observed, nowMs);
  if (comparison.differences.length > 0) {
    return no('SettingsDiffer', `${differText(comparison)} Issuance can't start before they agree.`);
  }
  if (!isAnnounced(observed)) {
    return no(
      'NotDrawn',
      `The result of the draw is not announced yet. See the condition Drawn.${untoldText(comparison)}`,
    );
  }
  const commands = issuanceCommandsOf(campaign);
  const { start, unreadable } = commands;
  const result = resultOf(observed);
  const startedBy = starterOf(commands, result);
  if (startedBy === undefined && unreadable.length > 0) return no('CommandUnreadable', unreadable.join(' '));
  if (startedBy === undefined) {
    const other =
      start === undefined
        ? ''
        : `The annotation ${ISSUE_START} of ${start.by} names another result of the draw than ${result}, and does not count. `;
    return no(
      'WaitingForAuthorization',
      `${other}An owner must start issuance: ${commandOf('issue start', input)}. From then on names, merchants, appIds and stocks of the channels are fixed.${untoldText(comparison)}`,
    );
  }
  if (comparison.readAtMs === undefined) {
    return no('StocksUnknown', `${startedBy} has started issuance. ${unknownText(comparison, input)}`);
  }
  return no(
    'Starting',
    `${startedBy} has started issuance. The operator writes the start into the journal. After a change of the spec or of the leader, it first waits until the stocks are read again: at most a minute.`,
  );
};

/** `wechat 900 issued, 40 waiting, done by 2027-03-09T06:10:00.000Z`. */
const channelText = ({
  channel,
  issued = 0,
  waiting = 0,
  failed = 0,
  doneAt,
}: NonNullable<IssuanceStatus['channels']>[number]): string =>
  [
    `${channel} ${count(issued)} issued`,
    ...(waiting === 0 ? [] : [`${count(waiting)} under way`]),
    ...(failed === 0 ? [] : [`${count(failed)} failed`]),
    ...(doneAt === undefined ? [] : [`done by ${doneAt}`]),
  ].join(', ');

/** Numbers that are known so far. */
const progressText = (status: IssuanceStatus, { observed }: ConditionInput): string => {
  if (status.issued === undefined)
    return 'How many vouchers are issued is not known yet: no records pod has counted them.';
  const { issued = 0, winners, channels = [] } = status;
  const waiting = receiptsWith(observed, 'waiting') ?? 0;
  const failed = receiptsWith(observed, 'issue_failed') ?? 0;
  const replaced = waiting + failed === 0 ? '' : replacedText(replacedIn(observed)).trimStart();
  return [
    `${count(issued)}${winners === undefined ? '' : ` of ${count(winners)}`} vouchers are issued: ${channels.map(channelText).join('; ')}.`,
    ...(waiting === 0
      ? []
      : [`${count(waiting)} winners have no request yet: they have bound no account, or their turn has not come.`]),
    ...(failed === 0
      ? []
      : [
          `The requests of ${count(failed)} winners failed for good. Until spec.issuance.bindBy they can bind another account, for at most four attempts.`,
        ]),
    ...(replaced === '' ? [] : [replaced]),
  ].join(' ');
};

/**
 * After the start. Rows are tried from the top.
 *
 * | situation                                        | status | reason          |
 * |--------------------------------------------------|--------|-----------------|
 * | every winner has the voucher                     | True   | AllIssued       |
 * | a stock differs from spec.vouchers               | False  | SettingsDiffer  |
 * | a person has stopped a channel, or its books differ | False | ChannelStopped |
 * | a contingency level pauses issuance              | False  | Paused          |
 * | otherwise                                        | False  | Issuing         |
 */
const afterStart = (input: ConditionInput, status: IssuanceStatus): Verdict<'Issued'> => {
  const { campaign, observed, contingency, nowMs } = input;
  const { winners, issued } = status;
  const progress = progressText(status, input);
  if (winners !== undefined && issued !== undefined && issued >= winners) return yes('AllIssued', progress);
  const { unreadable } = issuanceCommandsOf(campaign);
  const halts = [...haltsOf(campaign, observed, nowMs)];
  const differing = halts.filter(([, { reason }]) => reason === 'SettingsDiffer');
  const stopped = halts.filter(([, { reason }]) => reason === 'command');
  const unbalanced = halts.filter(([, { reason }]) => reason === 'BooksDiffer').map(([channel]) => channel);
  const stops = stopped.map(
    ([channel, { by, text }]) =>
      `${channel} is stopped by ${by ?? 'a command'} (${text}). To resume it: ${commandOf('channel resume', input, ` ${channel}`)}.`,
  );
  const isAll = halts.length === campaign.spec.issuance?.channels.length;
  const others = isAll ? '' : ' The other channels continue.';
  if (differing.length > 0) {
    const texts = differing.map(([, { text }]) => text).join(' ');
    return no(
      'SettingsDiffer',
      [
        `${texts} Nothing more is issued through ${differing.map(([channel]) => channel).join(', ')}.${others} Correct the stock in the merchant platform. The operator then resumes the channel by itself within two minutes.`,
        ...stops,
        progress,
      ].join(' '),
    );
  }
  if (unbalanced.length > 0)
    stops.push(`Stopped because its books differ: ${unbalanced.join(', ')}. See the condition BooksBalanced.`);
  if (stops.length > 0) return no('ChannelStopped', [...stops, ...unreadable, progress].join(' '));
  if (contingency.effects.isIssuancePaused === true) {
    return no('Paused', `A contingency level pauses issuance. See the condition Contingency. ${progress}`);
  }
  return no('Issuing', progress);
};

/**
 * | known of the start          | status  | reason             |
 * |-----------------------------|---------|--------------------|
 * | the campaign issues nothing | absent  |                    |
 * | it has started              | as afterStart |              |
 * | not asked yet, and the draw is announced | as before, or Unknown | NotYetObserved |
 * | the journal does not answer | Unknown | JournalUnavailable |
 * | the entry can't be read     | Unknown | EntryUnreadable    |
 * | it has not started          | as beforeStart |             |
 */
export const issued = (input: ConditionInput): Verdict<'Issued'> | undefined => {
  const { campaign, observed } = input;
  const { issuance } = observed;
  if (campaign.spec.issuance === undefined) return undefined;
  const status = issuanceStatus(input);
  if (issuance?.kind === 'unreadable') {
    return unknown('EntryUnreadable', `${issuance.message}. Install the release that wrote it, or a later one.`);
  }
  if (status !== undefined && issuanceStartedAt(observed) !== undefined) return afterStart(input, status);
  if (issuance?.kind === 'unknown') {
    return unknown(
      'JournalUnavailable',
      `Whether issuance has started is unknown: ${issuance.message}. The operator asks again.`,
    );
  }
  if (issuance === undefined && isAnnounced(observed)) {
    return (
      asBefore(input, 'Issued') ??
      unknown('NotYetObserved', 'The journal has not been asked yet whether issuance has started.')
    );
  }
  return beforeStart(input);
};
