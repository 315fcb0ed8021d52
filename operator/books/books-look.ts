/** Input of the comparison with the channels, from one tick. Pure. */
import type { IssuanceState } from '../issuance/issuance-keeper.ts';
import type { Gathered } from '../tick/gather.ts';
import type { BooksLook } from './balance.ts';

/** If the start of issuance is unknown, it is assumed that requests may be lost. */
export const booksLook = (
  { facts, outside, readings }: Pick<Gathered, 'facts' | 'outside' | 'readings'>,
  issuance: IssuanceState | undefined,
): BooksLook => {
  const { records } = readings.backlog;
  const known = issuance?.kind === 'known' ? issuance : undefined;
  return {
    facts,
    stocks: (outside.issuance ?? []).flatMap(({ stocks = [] }) => stocks),
    backlog: records?.kind === 'fresh' ? { ...records.value, atMs: records.atMs } : undefined,
    isQueryFirst: known?.isRestored ?? known?.start?.queryFirst ?? true,
  };
};
