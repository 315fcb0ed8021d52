/** Wires the draw Job: the journal, the campaign's key, the list, and the steps of the draw. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BUNDLE_KEYS } from '../../contract/app-contract.ts';
import { readDrawOrder } from '../../contract/decisions/draw-order.ts';
import { connectJournal } from '../../journal/connection.ts';
import { createExcludedLists } from '../../journal/excluded-lists.ts';
import { createControlLog, createDrawChain } from '../../journal/freeze/control.ts';
import { createHomePublisher } from '../../journal/home-publisher.ts';
import { createJournalReplay } from '../../journal/replay.ts';
import { systemClock } from '../../runtime/clock.ts';
import { sleep } from '../../runtime/sleep.ts';
import { privacyFolder } from '../config.ts';
import { toSeveral } from '../draw/bundle/several.ts';
import { openStore, readStorePlace } from '../draw/bundle/store.ts';
import { type BundleWriter, openBundle } from '../draw/bundle/write.ts';
import { createDrand } from '../draw/drand-port.ts';
import type { Decisions, Steps } from '../draw/ports.ts';
import { runDrawJob } from '../draw/run-draw.ts';
import { readCitizenKey } from '../keys/privacy-keys.ts';
import type { RunJob } from './role.ts';
import { until } from './until.ts';

type Job = Parameters<RunJob>[0];

/** Undefined: no files are written. */
const bundleOf = (
  { app: { campaignId }, draw: { bundleDir, bundleStore, bundleKeysDir } }: Job['config'],
  log: Job['log'],
  signal: AbortSignal,
): (() => Promise<BundleWriter>) | undefined => {
  if (bundleDir === undefined && bundleStore === undefined) return undefined;
  const keyFrom = async (file: string): Promise<string> =>
    (await readFile(join(bundleKeysDir ?? '', file), 'utf8')).trim();
  return async () => {
    const folders = bundleDir === undefined ? [] : [await openBundle(join(bundleDir, campaignId))];
    if (bundleStore === undefined) return toSeveral(folders);
    const keys = {
      accessKeyId: await keyFrom(BUNDLE_KEYS.accessKeyId),
      secretAccessKey: await keyFrom(BUNDLE_KEYS.secretAccessKey),
    };
    const store = openStore({
      place: readStorePlace(bundleStore),
      keys,
      campaignId,
      signal,
      wait: (ms, inner) => sleep(systemClock, ms, inner),
      onRetry: (problem) => log.warn({ problem }, 'the store of the bundle does not take a file yet; retrying'),
    });
    return toSeveral([...folders, store]);
  };
};

export const runDraw: RunJob = async ({ config, log, signal }) => {
  const { campaignId, shards, site } = config.app;
  const { order, drandChain } = config.draw;
  const citizenKey = await readCitizenKey(privacyFolder(config));
  const connection = await connectJournal(config.dataPlane.journal, config.podName, signal);
  try {
    const of = { connection, campaignId };
    const control = createControlLog(of);
    const chain = createDrawChain(of);
    const onFailure = (error: unknown): void => log.warn({ error }, 'the control stream does not answer yet; retrying');
    // An election must not cost the whole replay. Each may be repeated.
    const decisions: Decisions = {
      read: (type) => until(() => control.read(type, signal), signal, onFailure),
      append: (type, value) => until(() => control.append(type, value, signal), signal, onFailure),
    };
    const lists = createExcludedLists(of);
    const steps: Steps = {
      read: () => until(() => chain.read(signal), signal, onFailure),
      append: (step, after) => until(() => chain.append(step, after, signal), signal, onFailure),
    };
    log.info('the draw begins');
    await runDrawJob(
      {
        campaignId,
        shards,
        site,
        citizenKey,
        replay: createJournalReplay(of),
        decisions,
        excludedLists: { read: (list) => until(() => lists.read(list, signal), signal, onFailure) },
        steps,
        drand: createDrand({
          chainInfo: drandChain,
          onProblems: (round, problems) => log.warn({ round, problems }, 'relays of drand did not give the round'),
        }),
        publish: createHomePublisher({ connection, campaignId, shards, monotonicMs: () => performance.now() }),
        order: order === undefined ? undefined : readDrawOrder(order),
        bundle: bundleOf(config, log, signal),
        now: Date.now,
        wait: (ms, inner) => sleep(systemClock, ms, inner),
        note: (what, details) => log.info(details, what),
      },
      signal,
    );
  } catch (error) {
    log.error({ error }, 'the draw was not completed');
    throw error;
  } finally {
    await connection.close();
  }
};
