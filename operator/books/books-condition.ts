/** The condition BooksBalanced: the counts of the database, compared with those of the channels. Pure. */

import type { Channel } from '../../contract/envelope.ts';
import type { FactsReport } from '../../contract/outside/books.ts';
import type { VoucherCampaign, VoucherCampaignSpec } from '../../contract/types/campaign.ts';
import { asBefore, type ConditionInput, no, unknown, type Verdict, yes } from '../conditions/verdict.ts';
import { replacedIn, replacedText } from '../draw/replaced.ts';
import { type BooksMemory, NO_BOOKS, type StockCheck, stockKey, sumOf, type Unexplained } from './balance.ts';

type Input = Pick<ConditionInput, 'observed' | 'campaign' | 'nowMs'>;

/** Records pods count every few seconds. */
const COUNTS_OLD_MS = 120_000;
/** Stocks are read every 30 s, and a check follows within seconds. */
const CHECK_OLD_MS = 10 * 60_000;

const many = (count: number, one: string, several: string): string => `${count} ${count === 1 ? one : several}`;

const reconcileCommand = ({ name, namespace }: VoucherCampaign['metadata']): string =>
  `kubectl voucher reconcile ${name} -n ${namespace}`;

/** `Of 1000 winners 990 have their voucher, 6 requests are open, 3 winners wait for their request, and the last request of 1 failed for good.` */
const countsText = ({ totals }: FactsReport, replaced: number): string => {
  const of = (fact: Parameters<typeof sumOf>[1]): number => sumOf(totals, fact);
  const [issued, failed] = [of('issued'), of('issue_failed')];
  return [
    `Of ${many(of('won'), 'winner', 'winners')}, ${issued} ${issued === 1 ? 'has a voucher' : 'have a voucher'}`,
    `${many(of('issuing'), 'request is', 'requests are')} open`,
    `${many(of('waiting'), 'winner has', 'winners have')} no request yet`,
    `and the last request of ${many(failed, 'winner', 'winners')} failed for good.${replacedText(replaced)}`,
  ].join(', ');
};

const stocksOf = ({
  issuance,
}: VoucherCampaignSpec): readonly { readonly channel: Channel; readonly voucher: string }[] =>
  (issuance?.channels ?? []).flatMap(({ name: channel, stocks }) =>
    stocks.map(({ voucher }) => ({ channel, voucher })),
  );

const stockText = ({ channel, voucher, theirs, issued, open, result }: StockCheck): string =>
  result === 'moreHere'
    ? `${channel}, ${voucher}: ${issued} issued in the database, but ${theirs} at the channel.`
    : `${channel}, ${voucher}: ${theirs} issued at the channel, but ${issued} in the database, and at most ${open} under way.`;

const unexplainedText = ({ channel, voucher, facts }: Unexplained): string => {
  const where = [channel, voucher].filter((word) => word !== '').join(', ');
  return `${where === '' ? 'Without a voucher' : where}: ${many(facts, 'fact has', 'facts have')} no cause in the database: a request of a receipt that has not won, or an outcome without a request.`;
};

/** Stocks without a recent comparison. */
const missing = (
  spec: VoucherCampaignSpec,
  { checks, ours }: BooksMemory,
  nowMs: number,
): readonly { readonly channel: Channel; readonly voucher: string }[] => {
  // A stock of which nothing is or can be issued needs no comparison.
  const totals = ours.at(-1)?.totals ?? [];
  return stocksOf(spec).filter((stock) => {
    const check = checks[stockKey(stock)];
    const isUsed = sumOf(totals, 'issuing', stock) + sumOf(totals, 'issued', stock) > 0;
    return (check === undefined && isUsed) || (check !== undefined && nowMs - check.atMs > CHECK_OLD_MS);
  });
};

/**
 * No request is open, none can begin, and both sides have the same numbers.
 *
 * @param replaced winners whose place is another person's. They wait for ever, or have failed; which of the two is not counted
 */
const isSettled = (
  { checks }: BooksMemory,
  { totals }: FactsReport,
  { isBindingOver, replaced }: { readonly isBindingOver: boolean; readonly replaced: number },
): boolean =>
  sumOf(totals, 'issuing') === 0 &&
  (isBindingOver ||
    sumOf(totals, 'waiting') === 0 ||
    sumOf(totals, 'waiting') + sumOf(totals, 'issue_failed') <= replaced) &&
  Object.values(checks).every((check) => check.theirs === sumOf(totals, 'issued', check));

/**
 * Rows are tried from the top.
 *
 * | issuance and counts                                        | status  | reason         |
 * |------------------------------------------------------------|---------|----------------|
 * | the campaign issues nothing                                | absent  |                |
 * | issuance has not started                                   | Unknown | NotStarted     |
 * | no counts: a new leader                                    | as before, else Unknown | as before, else NotYetObserved |
 * | the last counts are older than two minutes                 | Unknown | CountsMissing  |
 * | facts without a cause for a minute                         | False   | FactsDiffer    |
 * | a channel's number differs, in two readings in a row       | False   | ChannelDiffers |
 * | a stock in use was not compared in the last ten minutes    | as before while no comparison is known, else Unknown | NotCompared |
 * | no request is open, no winner waits but those who were replaced (or bindBy is over), and all numbers are equal | True | Settled |
 * | otherwise                                                  | True    | Balanced       |
 */
export const booksBalanced = ({ campaign, observed, nowMs }: Input): Verdict<'BooksBalanced'> | undefined => {
  const { spec, metadata } = campaign;
  if (spec.issuance === undefined) return undefined;
  if (observed.issuanceStart === undefined) return unknown('NotStarted', 'Issuance has not started.');
  const books = observed.books ?? NO_BOOKS;
  const before = asBefore({ observed }, 'BooksBalanced');
  const counts = books.ours.at(-1);
  if (counts === undefined) {
    return before ?? unknown('NotYetObserved', 'No records pod has counted the facts of winners yet.');
  }
  if (nowMs - counts.atMs > COUNTS_OLD_MS) {
    return unknown(
      'CountsMissing',
      `No records pod has counted the facts of winners since ${new Date(counts.atMs).toISOString()}. See the condition RecordsAvailable.`,
    );
  }
  const replaced = replacedIn(observed);
  const text = countsText(counts, replaced);
  const unexplained = books.unexplained.filter(({ isConfirmed }) => isConfirmed);
  const differing = Object.values(books.checks).filter(({ isConfirmed }) => isConfirmed);
  const found = [...unexplained.map(unexplainedText), ...differing.map(stockText)].join(' ');
  const stopped = [...new Set([...unexplained, ...differing].flatMap(({ channel }) => channel || []))].toSorted();
  const remedy =
    stopped.length === 0
      ? `List the receipts: ${reconcileCommand(metadata)}.`
      : `Stopped until the numbers agree: ${stopped.join(', ')}. List the requests: ${reconcileCommand(metadata)}.`;
  if (unexplained.length > 0) return no('FactsDiffer', `${found} ${remedy} ${text}`);
  if (differing.length > 0) return no('ChannelDiffers', `${found} ${remedy} ${text}`);
  const notCompared = missing(spec, books, nowMs);
  if (notCompared.length > 0) {
    const isNew = Object.keys(books.checks).length === 0;
    if (isNew && before !== undefined && before.reason !== 'NotStarted') return before;
    const names = notCompared.map(({ channel, voucher }) => `${channel}, ${voucher}`).join('; ');
    return unknown(
      'NotCompared',
      `Not compared with the channel in the last ten minutes: ${names}. A comparison needs an issuance pod that has read the stock, and a records tier that has processed all earlier facts. If a channel does not report how many vouchers it has issued, only this command can compare: ${reconcileCommand(metadata)}. ${text}`,
    );
  }
  const { bindBy } = spec.issuance;
  const isBindingOver = bindBy !== undefined && nowMs >= Date.parse(bindBy);
  return isSettled(books, counts, { isBindingOver, replaced })
    ? yes('Settled', `All requests have an outcome, and every channel counts as many vouchers as the database. ${text}`)
    : yes('Balanced', `Every channel’s number of issued vouchers agrees with the database. ${text}`);
};
