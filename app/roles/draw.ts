/** Wires the draw Job: the journal, the campaign's key, and the list. */
import { connectJournal } from '../../journal/connection.ts';
import { createControlLog } from '../../journal/freeze/control.ts';
import { createJournalReplay } from '../../journal/replay.ts';
import { privacyFolder } from '../config.ts';
import { makeList } from '../draw/make-list.ts';
import type { Decisions } from '../draw/ports.ts';
import { readCitizenKey } from '../keys/privacy-keys.ts';
import type { RunJob } from './role.ts';
import { until } from './until.ts';

export const runDraw: RunJob = async ({ config, log, signal }) => {
  const { campaignId, shards } = config.app;
  const citizenKey = await readCitizenKey(privacyFolder(config));
  const connection = await connectJournal(config.dataPlane.journal, config.podName, signal);
  try {
    const of = { connection, campaignId };
    const control = createControlLog(of);
    const onFailure = (error: unknown): void => log.warn({ error }, 'the control stream does not answer yet; retrying');
    // An election must not cost the whole replay. Both may be repeated.
    const decisions: Decisions = {
      read: (type) => until(() => control.read(type, signal), signal, onFailure),
      append: (type, value) => until(() => control.append(type, value, signal), signal, onFailure),
    };
    log.info('making the list');
    const deps = { campaignId, shards, citizenKey, replay: createJournalReplay(of), decisions };
    const { listed, ...report } = await makeList(deps, signal);
    log.info({ ...report, lists: listed.lists }, 'the list is published');
  } catch (error) {
    log.error({ error }, 'no list was published');
    throw error;
  } finally {
    await connection.close();
  }
};
