/**
 * `node app/records/rebuild-main.ts`: rebuilds a lost records database, with the environment of a records pod. Workers may run
 * meanwhile.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { ENV } from '../../contract/app-contract.ts';
import { connectJournal } from '../../journal/connection.ts';
import { createJournalReplay } from '../../journal/replay.ts';
import { databaseAccess, readDataPlane } from '../config.ts';
import { loggedError } from '../log.ts';
import { createStore } from '../store/records-store.ts';
import { progressLine, rebuildRecords } from './rebuild.ts';

const bootstrap = z.object({ campaignId: z.string(), shards: z.int().positive() });

const folder = (name: string): string => {
  const value = process.env[name];
  if (value === undefined || value === '') throw new Error(`${name} is not set; run this where the records tier runs`);
  return value;
};

const main = async (): Promise<void> => {
  const dataPlane = await readDataPlane(folder(ENV.dataPlaneDir), 'records');
  const config = bootstrap.parse(JSON.parse(await readFile(join(folder(ENV.configDir), 'config.json'), 'utf8')));

  const interrupted = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => interrupted.abort(new Error(`ended by ${signal}; run again, nothing is lost`)));
  }
  const store = createStore({ ...databaseAccess(dataPlane), campaignId: config.campaignId });
  const connection = await connectJournal(dataPlane.journal, 'voucher-rebuild', interrupted.signal);
  const replay = createJournalReplay({ connection, campaignId: config.campaignId });
  try {
    await store.migrate();
    const progress = (at: Parameters<typeof progressLine>[0]): void => console.log(progressLine(at));
    await rebuildRecords({ ...config, replay, store, progress }, interrupted.signal);
    const { received, superseded, rejectedMessages } = await store.count(config.campaignId);
    console.log(`${received} citizens, ${superseded} superseded receipts, ${rejectedMessages} messages set aside`);
  } finally {
    await connection.close();
    await store.close();
  }
};

await main().catch((error: unknown) => {
  console.error(`rebuild failed: ${loggedError(error).message}`);
  process.exitCode = 1;
});
