import type { JournalAdmin } from './reconcile/ports.ts';

/**
 * A journal that is still being connected to: unavailable until then, which is a condition of campaigns and no reason
 * for the operator not to start.
 * @param whyNot what stands in the way for now
 */
export const lazyJournal = (connecting: Promise<JournalAdmin>, whyNot: () => string | undefined): JournalAdmin => {
  let journal: JournalAdmin | undefined;
  let ended: string | undefined;
  const why = (): string => ended ?? whyNot() ?? 'no journal server has answered yet';
  connecting.then(
    (connected) => {
      journal = connected;
    },
    (error: unknown) => {
      ended = error instanceof Error ? error.message : String(error);
    },
  );
  const connected = (): JournalAdmin => {
    if (journal === undefined) throw new Error(why());
    return journal;
  };
  return {
    async ensure(spec, signal) {
      return journal === undefined ? { kind: 'unavailable', message: why() } : journal.ensure(spec, signal);
    },
    remove: async (spec, signal) => connected().remove(spec, signal),
    backlog: async (campaignId, shards, tier, signal) => connected().backlog(campaignId, shards, tier, signal),
    putLiveSettings: async (campaignId, settings, signal) => connected().putLiveSettings(campaignId, settings, signal),
  };
};
