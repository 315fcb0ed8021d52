/** What one tick has read for the comparison with the channels. Pure. */
import type { IssuanceStart } from '../../contract/decisions/control.ts';
import type { Gathered } from '../tick/gather.ts';
import type { BooksLook } from './balance.ts';

/** @param start undefined: issuance has not started, or that is unknown. Then requests may have been lost. */
export const booksLook = (
  { facts, outside, readings }: Pick<Gathered, 'facts' | 'outside' | 'readings'>,
  start: IssuanceStart | undefined,
): BooksLook => {
  const { records } = readings.backlog;
  return {
    facts,
    stocks: (outside.issuance ?? []).flatMap(({ stocks = [] }) => stocks),
    backlog: records?.kind === 'fresh' ? { ...records.value, atMs: records.atMs } : undefined,
    isQueryFirst: start?.queryFirst ?? true,
  };
};
