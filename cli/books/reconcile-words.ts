/** The report of a reconciliation, as Markdown and as CSV. Pure. */
import {
  isBalanced,
  type MismatchKind,
  MOST_MISMATCHES,
  type ReconcileReport,
} from '../../contract/outside/reconcile.ts';
import { count } from '../words.ts';

type Cell = string | number | undefined;

const cell = (value: Cell): string => (typeof value === 'number' ? count(value) : (value ?? '–'));

/** Cells have no pipe: they are names, numbers and our own words. */
const markdown = (header: readonly string[], rows: readonly (readonly Cell[])[]): string =>
  [header, header.map(() => '---'), ...rows.map((row) => row.map(cell))]
    .map((row) => `| ${row.join(' | ')} |\n`)
    .join('');

const MEANS: Readonly<Record<MismatchKind, string>> = {
  withoutWin: 'a request or an outcome of a receipt that has not won',
  withoutRequest: 'an outcome of a request that the journal does not have',
  withoutFailure: 'a later request, although the one before has not failed for good',
  requestTwice: 'one request number of two requests',
  attemptTwice: 'two request numbers of one attempt',
  issuedTwice: 'two vouchers of one receipt',
  couponTwice: 'one voucher of a channel for two receipts',
  missingThere: 'issued in the journal, and not at the channel',
  otherCoupon: 'the channel names another voucher than the journal',
  issuedThere: 'failed in the journal, and issued at the channel',
};

const RESULTS = { agrees: 'agrees', differs: 'DIFFERS', unknown: 'not compared' } as const;

const failuresText = (failures: Readonly<Record<string, number>>): string | undefined => {
  const each = Object.entries(failures).map(
    ([failure, receipts]) => `${failure === '' ? 'other' : failure} ${count(receipts)}`,
  );
  return each.length === 0 ? undefined : each.join(', ');
};

const total = (asked: ReconcileReport['asked']): number => asked.reduce((sum, { questions }) => sum + questions, 0);

const askedText = ({ requests, asked }: ReconcileReport): string => {
  if (requests === 0) return 'No channel was asked.\n';
  const which = requests === 'all' ? 'every request' : `a random sample of ${count(requests)} requests`;
  return `The channels were asked for ${which}, at a share of the permitted rate that the operator handed out; ${count(total(asked))} were answered for or given up.\n`;
};

const whatIsMissing = ({ requests, asked }: ReconcileReport): string => {
  const ended = asked.flatMap(({ channel, endedBy }) => (endedBy === undefined ? [] : [`${channel}: ${endedBy}`]));
  const unasked = ended.length === 0 ? '' : `Not asked to the end: ${ended.join('; ')}.\n`;
  const sampled =
    requests === 'all' || requests === 0
      ? ''
      : 'A sample does not prove that every request agrees; --complete asks for each.\n';
  return unasked + sampled;
};

export const reconcileText = (name: string, report: ReconcileReport): string => {
  const { from, to, vouchers, stocks, asked, mismatches, counts } = report;
  const kinds = (Object.entries(counts) as [MismatchKind, number][]).filter(([, found]) => found > 0);
  return [
    `# ${name}: winners and vouchers\n`,
    `Read from ${from} to ${to}. Verdict: ${isBalanced(report) ? 'balanced' : 'NOT BALANCED'}.\n`,
    `## By voucher\n\n${markdown(
      ['voucher', 'winners', 'issued', 'open', 'failed', 'account, no request', 'no account', 'erased'],
      vouchers.map((of) => [of.voucher, of.winners, of.issued, of.open, of.failed, of.waiting, of.unbound, of.erased]),
    )}`,
    `## By channel\n\n${markdown(
      [
        'channel',
        'voucher',
        'issued',
        'open',
        'redeemed',
        'expired',
        'failures',
        'channel before',
        'channel after',
        '',
      ],
      stocks.map((of) => [
        of.channel,
        of.voucher,
        of.issued,
        of.open,
        of.redeemed,
        of.expired,
        failuresText(of.failures),
        of.theirsBefore,
        of.theirsAfter,
        RESULTS[of.result],
      ]),
    )}`,
    `## Requests\n\n${askedText(report)}${
      asked.length === 0
        ? ''
        : `\n${markdown(
            ['channel', 'asked', 'agree', 'open', 'not answered'],
            asked.map((of) => [of.channel, of.questions, of.agree, of.open, of.unanswered]),
          )}`
    }${whatIsMissing(report)}`,
    kinds.length === 0
      ? '## Mismatches\n\nNone.\n'
      : `## Mismatches\n\n${markdown(
          ['mismatch', 'number', 'means'],
          kinds.map(([kind, found]) => [kind, found, MEANS[kind]]),
        )}\n${markdown(
          ['mismatch', 'channel', 'voucher', 'request'],
          mismatches.map(({ kind, channel, voucher, request }) => [kind, channel || undefined, voucher, request]),
        )}${mismatches.length < MOST_MISMATCHES ? '' : `The first ${count(MOST_MISMATCHES)}.\n`}`,
  ].join('\n');
};

/** RFC 4180. A cell that a spreadsheet would take for a formula gets an apostrophe. */
const csvCell = (value: Cell): string => {
  const text = String(value ?? '');
  const plain = typeof value === 'string' && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain;
};
const csv = (rows: readonly (readonly Cell[])[]): string =>
  rows.map((row) => `${row.map(csvCell).join(',')}\r\n`).join('');

/** File names and contents. */
export const reconcileFiles = ({
  vouchers,
  stocks,
  mismatches,
}: ReconcileReport): Readonly<Record<string, string>> => ({
  'vouchers.csv': csv([
    ['voucher', 'winners', 'issued', 'open', 'failed', 'waiting', 'unbound', 'erased'],
    ...vouchers.map((of) => [of.voucher, of.winners, of.issued, of.open, of.failed, of.waiting, of.unbound, of.erased]),
  ]),
  'channels.csv': csv([
    ['channel', 'voucher', 'issued', 'open', 'redeemed', 'expired', 'channel_before', 'channel_after', 'result'],
    ...stocks.map((of) => [
      of.channel,
      of.voucher,
      of.issued,
      of.open,
      of.redeemed,
      of.expired,
      of.theirsBefore,
      of.theirsAfter,
      of.result,
    ]),
  ]),
  'failures.csv': csv([
    ['channel', 'voucher', 'failure', 'requests'],
    ...stocks.flatMap(({ channel, voucher, failures }) =>
      Object.entries(failures).map(([failure, requests]) => [channel, voucher, failure, requests]),
    ),
  ]),
  'mismatches.csv': csv([
    ['mismatch', 'channel', 'voucher', 'request'],
    ...mismatches.map(({ kind, channel, voucher, request }) => [kind, channel, voucher, request]),
  ]),
});

export const unboundText = (name: string, { to, vouchers }: Pick<ReconcileReport, 'to' | 'vouchers'>): string => {
  const unbound = vouchers.reduce((sum, of) => sum + of.unbound, 0);
  const winners = vouchers.reduce((sum, of) => sum + of.winners, 0);
  const rows = markdown(
    ['voucher', 'winners', 'no account'],
    vouchers.map((of) => [of.voucher, of.winners, of.unbound]),
  );
  return `${name}: ${count(unbound)} of ${count(winners)} winners have bound no account, at ${to}.\n\n${rows}`;
};
