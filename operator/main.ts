/** `node operator/main.ts [flags]`: the operator, until SIGTERM. Wires the journal (ADR 0001); the only file that exits. */
import { enableCompileCache } from 'node:module';
import { defined } from '../contract/defined.ts';

// For a fast start of an upgraded leader. Before the imports below, which it then caches.
enableCompileCache();

const { createJournalAdmin } = await import('../journal/admin.ts');
const { createAuditLog } = await import('../journal/audit-log.ts');
const { createFreezeJournal } = await import('../journal/freeze/freeze-journal.ts');
const { createIssuanceJournal } = await import('../journal/freeze/issuance-journal.ts');
const { createDestructionJournal } = await import('../journal/privacy/destruction-journal.ts');
const { createErasureJournal } = await import('../journal/privacy/erasure-journal.ts');
const { connectJournal, JournalTlsError } = await import('../journal/connection.ts');
const { OperatorConfigError, readJournalAccess, readOperatorConfig } = await import('./config.ts');
const { KubeConfigError } = await import('./kube/access.ts');
const { lazyAuditLog, lazyFreezeJournal, lazyIssuanceJournal, lazyJournal, lazyPrivacyJournals } = await import(
  './lazy-journal.ts'
);
const { createLogger } = await import('./observability/log.ts');
const { createProcessRegistry } = await import('../runtime/metrics.ts');
const { runOperator } = await import('./run-operator.ts');
const { systemClock } = await import('../runtime/clock.ts');
const { sleep } = await import('../runtime/sleep.ts');
const { predict } = await import('../simulation/effect.ts');

/** Ticks end within a second, the lease and the last events within another two. */
const END_WITHIN_MS = 10_000;
/** A person has to correct a Secret or a certificate first. */
const TLS_AGAIN_AFTER_MS = 10_000;

const main = async (): Promise<void> => {
  const config = readOperatorConfig(process.argv.slice(2), process.env);
  // Read here too, so that a Secret that is not mounted ends the start.
  await readJournalAccess(config.journalDir);
  const log = createLogger({ level: config.logLevel });
  for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
    process.once(event, (error: unknown) => {
      log.fatal({ event, error }, 'ended by an unexpected error');
      process.exit(1);
    });
  }
  const stop = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      log.info({ signal }, 'ending');
      setTimeout(() => {
        log.fatal('did not end in time');
        process.exit(1);
      }, END_WITHIN_MS).unref();
      stop.abort();
    });
  }

  const { shardMaxBytes, journalMonitorUrls: monitorUrls } = config;
  let problem: string | undefined;
  const connect = async (): ReturnType<typeof connectJournal> => {
    for (;;) {
      try {
        return await connectJournal(await readJournalAccess(config.journalDir), config.identity, stop.signal);
      } catch (error) {
        if (!(error instanceof JournalTlsError)) throw error;
        if (problem !== error.message) log.warn({ error }, 'no connection to the journal');
        problem = error.message;
        await sleep(systemClock, TLS_AGAIN_AFTER_MS, stop.signal);
        stop.signal.throwIfAborted();
      }
    }
  };
  const connecting = connect();
  const journal = lazyJournal(
    connecting.then((connection) =>
      createJournalAdmin({ connection, monitorUrls, now: systemClock.now, ...defined({ shardMaxBytes }) }),
    ),
    () => problem,
  );
  const { journalReplicas: replicas, shards } = config.build;
  const audit = lazyAuditLog(
    connecting.then((connection) => createAuditLog({ connection, replicas, shards })),
    () => problem,
  );
  const freezing = lazyFreezeJournal(connecting.then(createFreezeJournal), () => problem);
  const issuing = lazyIssuanceJournal(connecting.then(createIssuanceJournal), () => problem);
  const privacy = lazyPrivacyJournals(
    connecting.then((connection) => ({
      erasing: createErasureJournal(connection),
      destroying: createDestructionJournal(connection),
    })),
    () => problem,
  );
  try {
    await runOperator(
      {
        config,
        journal,
        audit,
        freezing,
        issuing,
        privacy,
        predict,
        log,
        registry: createProcessRegistry(),
        clock: systemClock,
        random: Math.random,
      },
      stop.signal,
    );
  } finally {
    stop.abort();
    await connecting.then(
      (connection) => connection.close(),
      () => undefined,
    );
  }
};

try {
  await main();
} catch (error) {
  // Before there is a log: one line for people, with the remedy.
  const isForPeople = error instanceof OperatorConfigError || error instanceof KubeConfigError;
  console.error(isForPeople ? `voucher-operator: ${error.message}` : error);
  process.exit(1);
}
