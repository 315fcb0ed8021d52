/** What `kubectl voucher consistency` prints. Pure. */
import type { DifferencesReport, RowDifference } from '../../contract/compare.ts';
import type { VoucherCampaign } from '../../contract/types/campaign.ts';
import type { Condition } from '../../contract/types/common.ts';
import { UsageError } from '../errors.ts';
import { columns } from '../words.ts';

/** @throws UsageError for an operator of an earlier release */
export const consistencyOf = ({ metadata, status }: VoucherCampaign): Condition => {
  const found = status?.conditions?.find(({ type }) => type === 'RecordsConsistent');
  if (found !== undefined) return found;
  throw new UsageError(
    `${metadata.name} has no condition RecordsConsistent: is the operator running, and new enough? \`kubectl voucher status\` shows the present state`,
  );
};

const ANSWERS = { True: 'agree', False: 'differ', Unknown: 'not compared' } as const;

export const consistencyText = ({ metadata }: VoucherCampaign, { status, reason, message }: Condition): string =>
  `${metadata.name}: journal and database: ${ANSWERS[status]} (${reason})\n${message}\n`;

const whatOf = ({ what }: RowDifference): string => {
  if (what === 'missing') return 'not in the database';
  if (what === 'extra') return 'not in the journal';
  return what.length === 0 ? 'other columns' : `other ${what.join(', ')}`;
};

export const differencesText = ({ comparedAt, rows, differences }: DifferencesReport): string => {
  if (comparedAt === undefined) return 'Nothing has been compared yet.\n';
  if (rows === 0) return `No row differed at ${comparedAt}.\n`;
  const table = columns([
    ['BUCKET', 'TABLE', 'RECEIPT', 'FACT', 'DIFFERENCE'],
    ...differences.map((one) => [String(one.bucket), one.table, one.receipt, one.fact ?? '-', whatOf(one)]),
  ]);
  const more = rows > differences.length ? `… and ${rows - differences.length} more.\n` : '';
  return `Compared at ${comparedAt}:\n${table}${more}`;
};
