/**
 * The draw's first step: from the freeze to the entry `listed`, the digest of each voucher's list.
 *
 * It always makes the list anew, also where one is published: then it checks it. So it may be repeated at any time, and by two at once.
 *
 * | `listed` in the control stream | result                                       |
 * |--------------------------------|----------------------------------------------|
 * | none                           | appended by compare-and-set                  |
 * | the same                       | done                                         |
 * | another one                    | error that names both digests                |
 */
import { hash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { Frozen, Listed } from '../../contract/decisions/control.ts';
import { readControlValue } from '../../contract/decisions/control-schema.ts';
import type { SecretKey } from '../core/secret-key.ts';
import { createEntries, type EntryCounts, type VoucherEntries } from './entries.ts';
import { ENTRY_BYTES } from './entry.ts';
import { merkleRoot } from './merkle.ts';
import type { Decisions, ExcludedLists, ShardReplay } from './ports.ts';
import { type ReadCounts, readFrozen } from './read-frozen.ts';

export interface ListReport extends ReadCounts, EntryCounts {
  readonly listed: Listed;
  /** By voucher: the root over its entries. */
  readonly roots: Readonly<Record<string, string>>;
  readonly result: 'appended' | 'exists';
}

export interface MakeListDeps {
  readonly campaignId: string;
  readonly shards: number;
  readonly citizenKey: SecretKey;
  readonly replay: ShardReplay;
  readonly decisions: Decisions;
  readonly excludedLists: ExcludedLists;
}

export interface MadeList extends VoucherEntries {
  readonly digest: string;
  /** RFC 6962 root over the entries. */
  readonly root: string;
}

/** A list is published, and the journal gives another one. */
export class OtherListError extends Error {
  override readonly name = 'OtherListError';
}

export const listDigest = (entries: Buffer): string => hash('sha256', entries, 'hex');

const summary = ({ voucher, entries }: VoucherEntries): Listed['lists'][number] => ({
  voucher,
  entries: entries.length / ENTRY_BYTES,
  digest: listDigest(entries),
});

/** `dinner 2 entries 5f1c…; sport 1 entry 77aa…` */
const listsText = ({ lists }: Listed): string =>
  lists
    .map(({ voucher, entries, digest }) => `${voucher} ${entries} ${entries === 1 ? 'entry' : 'entries'} ${digest}`)
    .join('; ') || 'no entries';

const assertFrozenFor = ({ campaignId, shards }: MakeListDeps, frozen: Frozen): void => {
  if (frozen.campaignId !== campaignId) {
    throw new Error(`the freeze is of campaign ${frozen.campaignId}, and this pod is of ${campaignId}`);
  }
  if (frozen.barriers.length !== shards) {
    throw new Error(`the freeze has ${frozen.barriers.length} barriers, and this pod's configuration ${shards} shards`);
  }
};

/**
 * @param take gets each list, one in memory at a time; it does not know yet whether the published one is the same
 * @throws Error without a freeze, FrozenJournalError, OtherListError
 */
export const makeList = async (
  deps: MakeListDeps,
  signal: AbortSignal,
  take: (list: MadeList) => void | Promise<void> = () => undefined,
): Promise<ListReport> => {
  const { campaignId, citizenKey, decisions, excludedLists, replay } = deps;
  const entry = await decisions.read('frozen', signal);
  if (entry === undefined) throw new Error('nothing is frozen yet: the operator starts this Job after the freeze');
  const frozen = readControlValue('frozen', entry.value);
  assertFrozenFor(deps, frozen);
  const excluded: Buffer[] = [];
  for (const list of frozen.excluded ?? []) excluded.push(await excludedLists.read(list, signal));

  const entries = createEntries(frozen.barriers.reduce((sum, barrier) => sum + barrier, 0));
  const read = await readFrozen(replay, frozen, (event) => void entries.add(event), signal);
  const { counts, lists } = entries.end(frozen.unverified, excluded);
  const made: Listed['lists'][number][] = [];
  const roots: Record<string, string> = {};
  for (const list of lists(citizenKey, campaignId)) {
    const one = summary(list);
    const root = merkleRoot(list.entries);
    made.push(one);
    roots[list.voucher] = root;
    await take({ ...list, digest: one.digest, root });
  }
  const listed: Listed = {
    v: 1,
    campaignId,
    lists: made,
    ...(frozen.excluded === undefined ? {} : { excluded: counts.excluded }),
  };

  const { kind, entry: stored } = await decisions.append('listed', listed, signal);
  const published = readControlValue('listed', stored.value);
  if (!isDeepStrictEqual(published, listed)) {
    throw new OtherListError(
      `the published list is ${listsText(published)}, and the journal gives ${listsText(listed)}`,
    );
  }
  return { ...read, ...counts, listed, roots, result: kind };
};
