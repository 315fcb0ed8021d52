/** Wires the draw Job: the journal, the campaign's key, the list, and the steps of the draw. */
import { join } from 'node:path';
import { readDrawOrder } from '../../contract/decisions/draw-order.ts';
import { connectJournal } from '../../journal/connection.ts';
import { createControlLog, createDrawChain } from '../../journal/freeze/control.ts';
import { createHomePublisher } from '../../journal/home-publisher.ts';
import { createJournalReplay } from '../../journal/replay.ts';
import { systemClock } from '../../runtime/clock.ts';
import { sleep } from '../../runtime/sleep.ts';
import { privacyFolder } from '../config.ts';
import { openBundle } from '../draw/bundle/write.ts';
import { createDrand } from '../draw/drand-port.ts';
import type { Decisions, Steps } from '../draw/ports.ts';
import { runDrawJob } from '../draw/run-draw.ts';
import { readCitizenKey } from '../keys/privacy-keys.ts';
import type { RunJob } from './role.ts';
import { until } from './until.ts';

export const runDraw: RunJob = async ({ config, log, signal }) => {
  const { campaignId, shards, site } = config.app;
  const { order, bundleDir, drandChain } = config.draw;
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
        steps,
        drand: createDrand({
          chainInfo: drandChain,
          onProblems: (round, problems) => log.warn({ round, problems }, 'relays of drand did not give the round'),
        }),
        publish: createHomePublisher({ connection, campaignId, shards, monotonicMs: () => performance.now() }),
        order: order === undefined ? undefined : readDrawOrder(order),
        bundle: bundleDir === undefined ? undefined : () => openBundle(join(bundleDir, campaignId)),
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
