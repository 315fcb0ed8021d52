/** Wires the Job that lists the winners of an earlier campaign: its journal and keys, and where the list goes in this campaign. */
import { readExcludedWinners } from '../../contract/decisions/control-schema.ts';
import { type ExcludedWinners, excludedEntry, readExclusionOrder } from '../../contract/decisions/exclusion.ts';
import { connectJournal } from '../../journal/connection.ts';
import { createExcludedLists } from '../../journal/excluded-lists.ts';
import { createControlLog } from '../../journal/freeze/control.ts';
import { createDataKeyStore } from '../../journal/privacy/data-keys.ts';
import { createJournalReplay } from '../../journal/replay.ts';
import { ConfigError, privacyFolder, readDataPlane } from '../config.ts';
import { earlierWinners } from '../exclude/earlier-winners.ts';
import { createOpener } from '../keys/opener.ts';
import { readCitizenKey, readWrapKeys } from '../keys/privacy-keys.ts';
import type { RunJob } from './role.ts';
import { until } from './until.ts';

const monotonicMs = (): number => performance.now();

/** @throws ConfigError */
const stated = (value: string | undefined, what: string): string => {
  if (value === undefined) throw new ConfigError(`environment: ${what} is not set; the pod manifest sets it`);
  return value;
};

export const runExclude: RunJob = async ({ config, log, signal }) => {
  const { campaignId, shards } = config.app;
  const { exclusion } = config;
  const { of, uniqueness } = readExclusionOrder(stated(exclusion.order, 'the order of the Job exclude'));
  const earlierPrivacyDir = stated(exclusion.privacyDir, 'the mount of the earlier privacy Secret');
  const earlierPlane = await readDataPlane(
    stated(exclusion.dataPlaneDir, 'the mount of the earlier account'),
    'exclude',
  );
  const citizenKey = await readCitizenKey(privacyFolder(config));
  const own = await connectJournal(config.dataPlane.journal, config.podName, signal);
  const earlier = await connectJournal(earlierPlane.journal, config.podName, signal).catch(async (error: unknown) => {
    await own.close();
    throw error;
  });
  const onFailure = (error: unknown): void => log.warn({ error }, 'the journal does not answer yet; retrying');
  try {
    const control = createControlLog({ connection: own, campaignId });
    const known = await until(() => control.read(excludedEntry(of), signal), signal, onFailure);
    if (known !== undefined) {
      readExcludedWinners(known.value);
      log.info({ of }, 'the list of the earlier winners is there already');
      return;
    }
    log.info({ of }, 'reading the winners of the earlier campaign');
    const found = await earlierWinners(
      {
        campaignId: of,
        shards,
        journal: createJournalReplay({ connection: earlier, campaignId: of }),
        opener: createOpener({
          campaignId: of,
          store: createDataKeyStore(earlier, of),
          readWrapKeys: () => readWrapKeys(earlierPrivacyDir),
          monotonicMs,
        }),
      },
      { campaignId, citizenKey, uniqueness },
      signal,
    );
    const { list, ...summary } = found;
    const lists = createExcludedLists({ connection: own, campaignId });
    // First: what the entry names is there.
    await until(() => lists.put(list, summary, signal), signal, onFailure);
    await until(() => lists.read(summary, signal), signal, onFailure);
    const entry: ExcludedWinners = { v: 1, campaignId, at: new Date().toISOString(), of, ...summary };
    const { kind, entry: stored } = await until(
      () => control.append(excludedEntry(of), entry, signal),
      signal,
      onFailure,
    );
    const { digest, entries } = readExcludedWinners(stored.value);
    log.info({ ...summary, result: kind, storedDigest: digest, storedEntries: entries }, 'the list is published');
  } catch (error) {
    log.error({ error }, 'no list was made');
    throw error;
  } finally {
    await Promise.all([own.close(), earlier.close()]);
  }
};
