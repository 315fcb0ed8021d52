import type { JournalAdmin, QueueStore, SharesStore } from '../journal/administration.ts';
import type { FreezeJournal } from '../journal/freeze/freezing.ts';
import type { IssuanceJournal } from '../journal/freeze/issuance-journal.ts';
import type { AuditLog } from '../journal/trail.ts';
import type { PrivacyJournals } from './term.ts';

/** The value once the connection is there; before, `get` throws an Error that says why it isn't. */
const whenConnected = <T>(connecting: Promise<T>, whyNot: () => string | undefined) => {
  let connected: T | undefined;
  let ended: string | undefined;
  connecting.then(
    (value) => {
      connected = value;
    },
    (error: unknown) => {
      ended = error instanceof Error ? error.message : String(error);
    },
  );
  const why = (): string => ended ?? whyNot() ?? 'no journal server has answered yet';
  return {
    why,
    current: () => connected,
    get(): T {
      if (connected === undefined) throw new Error(why());
      return connected;
    },
  };
};

const sharesOf = ({ shares }: JournalAdmin): SharesStore => {
  if (shares === undefined) throw new Error('this journal keeps no shares of outside systems');
  return shares;
};

const queueOf = ({ queue }: JournalAdmin): QueueStore => {
  if (queue === undefined) throw new Error('this journal keeps no waiting room');
  return queue;
};

/** A journal that is still being connected is unavailable, which campaigns report. @param whyNot the problem for now */
export const lazyJournal = (connecting: Promise<JournalAdmin>, whyNot: () => string | undefined): JournalAdmin => {
  const journal = whenConnected(connecting, whyNot);
  return {
    async ensure(spec, signal) {
      return journal.current()?.ensure(spec, signal) ?? { kind: 'unavailable', message: journal.why() };
    },
    remove: async (spec, signal) => journal.get().remove(spec, signal),
    backlog: async (campaignId, shards, tier, signal) => journal.get().backlog(campaignId, shards, tier, signal),
    putLiveSettings: async (campaignId, settings, signal) =>
      journal.get().putLiveSettings(campaignId, settings, signal),
    shares: {
      read: async (...args) => sharesOf(journal.get()).read(...args),
      write: async (...args) => sharesOf(journal.get()).write(...args),
    },
    queue: {
      pace: async (...args) => queueOf(journal.get()).pace(...args),
      writePace: async (...args) => queueOf(journal.get()).writePace(...args),
      shuffle: async (...args) => queueOf(journal.get()).shuffle(...args),
      createShuffle: async (...args) => queueOf(journal.get()).createShuffle(...args),
      nextNumber: async (...args) => queueOf(journal.get()).nextNumber(...args),
    },
  };
};

/** As lazyJournal: entries that can't be appended are missing, and so appended later. */
export const lazyAuditLog = (connecting: Promise<AuditLog>, whyNot: () => string | undefined): AuditLog => {
  const log = whenConnected(connecting, whyNot);
  return {
    async *read(campaignId, signal) {
      yield* log.get().read(campaignId, signal);
    },
    append: async (campaignId, entry, tail, signal) => log.get().append(campaignId, entry, tail, signal),
    campaignIds: async (signal) => log.get().campaignIds(signal),
    reviews: async (campaignId, signal) => (await log.get().reviews?.(campaignId, signal)) ?? [],
  };
};

/** As lazyJournal. */
export const lazyFreezeJournal = (
  connecting: Promise<FreezeJournal>,
  whyNot: () => string | undefined,
): FreezeJournal => {
  const journal = whenConnected(connecting, whyNot);
  return {
    decided: async (campaignId, signal) => journal.get().decided(campaignId, signal),
    excludedWinners: async (campaignId, of, signal) => journal.get().excludedWinners(campaignId, of, signal),
    published: async (campaignId, signal) => journal.get().published(campaignId, signal),
    publishBarriers: async (request, signal) => journal.get().publishBarriers(request, signal),
    positions: async (campaignId, barriers, tiers, signal) =>
      journal.get().positions(campaignId, barriers, tiers, signal),
    freeze: async (frozen, signal) => journal.get().freeze(frozen, signal),
    steps: async (campaignId, signal) => journal.get().steps(campaignId, signal),
    appendStep: async (campaignId, step, after, signal) => journal.get().appendStep(campaignId, step, after, signal),
  };
};

/** As lazyJournal. */
export const lazyIssuanceJournal = (
  connecting: Promise<IssuanceJournal>,
  whyNot: () => string | undefined,
): IssuanceJournal => {
  const journal = whenConnected(connecting, whyNot);
  return {
    started: async (campaignId, signal) => journal.get().started(campaignId, signal),
    streams: async (campaignId, shards, signal) => journal.get().streams(campaignId, shards, signal),
    start: async (start, signal) => journal.get().start(start, signal),
  };
};

/** As lazyJournal. */
export const lazyPrivacyJournals = (
  connecting: Promise<PrivacyJournals>,
  whyNot: () => string | undefined,
): PrivacyJournals => {
  const journal = whenConnected(connecting, whyNot);
  return {
    erasing: { erase: async (request, signal) => journal.get().erasing.erase(request, signal) },
    destroying: {
      decided: async (campaignId, signal) => journal.get().destroying.decided(campaignId, signal),
      keys: async (campaignId, signal) => journal.get().destroying.keys(campaignId, signal),
      order: async (order, signal) => journal.get().destroying.order(order, signal),
      destroyKeys: async (campaignId, at, signal) => journal.get().destroying.destroyKeys(campaignId, at, signal),
      complete: async (destroyed, signal) => journal.get().destroying.complete(destroyed, signal),
    },
  };
};
