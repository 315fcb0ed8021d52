/** `node app/main.ts`: runs the role in the pod's environment until SIGTERM. The only file that exits. */
import { enableCompileCache } from 'node:module';

// Quick starts make scale-ups quick. Before the imports below, which it caches.
enableCompileCache();

const { startAdminServer } = await import('./admin-server.ts');
const { ConfigError, readConfig } = await import('./config.ts');
const { anonymousError, createLog, loggedError } = await import('./log.ts');
const { createDependencies } = await import('./dependencies.ts');
const { createProcessRegistry } = await import('../runtime/metrics.ts');
const { RUN_JOB, START_TIER } = await import('./roles/roles.ts');
const { isJob, isWatchedJob } = await import('../contract/jobs.ts');
type ProcessConfig = import('./config.ts').ProcessConfig;

const run = async (config: ProcessConfig): Promise<void> => {
  const { role: roleName } = config;
  // A command with its own output and handling of signals.
  if (roleName === 'records-rebuild') return void (await import('./records/rebuild-main.ts'));
  const log = createLog(config.logLevel, { role: roleName, pod: config.podName });
  for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
    process.once(event, (error: unknown) => {
      log.fatal({ event, ...anonymousError(error) }, 'ended by a defect');
      process.exit(1);
    });
  }
  const stop = new AbortController();
  const stopped = new Promise<void>((resolve) => stop.signal.addEventListener('abort', () => resolve()));
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stop.abort());

  const registry = createProcessRegistry();
  let differences: (() => import('../contract/compare.ts').DifferencesReport) | undefined;
  if (isJob(roleName)) {
    const runJob = await RUN_JOB[roleName]();
    const work = (): Promise<void> =>
      runJob({
        config,
        log,
        registry,
        differences: (report) => {
          differences = report;
        },
        signal: stop.signal,
      });
    if (!isWatchedJob(roleName)) return work();
    const server = await startAdminServer(
      {
        registry,
        notReady: () => (stop.signal.aborted ? 'ending' : undefined),
        canary: () => undefined,
        dependencies: () => [],
        differences: () => differences?.(),
      },
      config.host,
      config.adminPort,
    );
    return work().finally(() => server.close());
  }

  let running: import('./roles/role.ts').RunningRole | undefined;
  let tracing: import('./tracing/spans.ts').Tracing | undefined;
  const notReady = (): string | undefined =>
    running === undefined || stop.signal.aborted ? 'starting or draining' : running.problem?.();
  const dependencies = createDependencies(registry);
  const admin = await startAdminServer(
    {
      registry,
      notReady,
      canary: () => running?.canary,
      review: () => running?.review,
      dependencies: dependencies.all,
    },
    config.host,
    config.adminPort,
  );
  try {
    const startRole = await START_TIER[roleName]();
    if (config.tracing !== undefined) {
      const { createTracing } = await import('./tracing/otel.ts');
      const { podName, app } = config;
      tracing = createTracing({ ...config.tracing, role: roleName, podName, campaignId: app.campaignId, registry });
    }
    const context = { config, registry, dependencies, log, starting: stop.signal };
    const role = await startRole({ ...context, ...(tracing === undefined ? {} : { tracing }) });
    running = role;
    log.info({ startedInMs: Math.round(performance.now()) }, 'ready');
    await stopped;
    log.info('draining');
    await role.drain();
    log.info('drained');
  } catch (error) {
    // Stopped while still starting: there is nothing to drain.
    if (!stop.signal.aborted || running !== undefined) throw error;
  } finally {
    await tracing?.close();
    await admin.close();
  }
};

try {
  await run(await readConfig(process.env));
  process.exit();
} catch (error) {
  // Errors at the start concern files, variables and addresses, never a request.
  const problem = loggedError(error).message;
  const kind = error instanceof ConfigError ? 'configuration' : 'start';
  process.stderr.write(`${JSON.stringify({ level: 'fatal', kind, problem })}\n`);
  process.exit(1);
}
