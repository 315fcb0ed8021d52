/**
 * The operator as a process of this machine: all of it is the product's (watches, scrape, law, writes with its own
 * rights), save that the journal's answers come from the load model, by one GET, as KEDA's triggers get theirs.
 * `node ours-main.ts --kubeconfig FILE --journal URL --pods JSON`.
 */
import { parseArgs } from 'node:util';
import { Registry } from 'prom-client';
import { z } from 'zod';
import type { JournalAdmin } from '../../../journal/administration.ts';
import { createLogger } from '../../../operator/observability/log.ts';
import type { PodOptions } from '../../../operator/resources/build-options.ts';
import { runOperator } from '../../../operator/run-operator.ts';
import { systemClock } from '../../../runtime/clock.ts';
import { predict } from '../../../simulation/effect.ts';
import { FakeAuditLog } from '../../helpers/fake-audit-log.ts';
import { buildOptionsFor, NAMESPACE } from './manifests.ts';

const counts = z.object({ messages: z.number(), enqueued: z.number(), workedOff: z.number() });

const { values } = parseArgs({
  options: { kubeconfig: { type: 'string' }, journal: { type: 'string' }, pods: { type: 'string' } },
});
const { kubeconfig, journal: url, pods } = values;
if (kubeconfig === undefined || url === undefined || pods === undefined) {
  throw new Error('usage: node ours-main.ts --kubeconfig FILE --journal URL --pods JSON');
}

const journal: JournalAdmin = {
  ensure: async () => ({ kind: 'ready', durability: 'Synced', replicas: 3, message: 'told by the load model' }),
  remove: async () => ({ kind: 'removed', streams: 0 }),
  backlog: async (_campaign, _shards, _tier, signal) => counts.parse(await (await fetch(url, { signal })).json()),
  putLiveSettings: async () => undefined,
};

const stop = new AbortController();
process.once('SIGTERM', () => stop.abort());
await runOperator(
  {
    config: {
      kubeconfig,
      context: undefined,
      watchNamespaces: [NAMESPACE],
      // KEDA's operator runs without an election too.
      lease: undefined,
      identity: 'contestant',
      // Its own process wrote it.
      build: buildOptionsFor(JSON.parse(pods) as PodOptions),
      logLevel: 'info',
      host: '127.0.0.1',
      port: 0,
      auditPort: 0,
      resyncMs: 600_000,
      maxConcurrent: 32,
      signalsThrough: 'pods',
      journalDir: '',
      journalMonitorUrls: [],
      shardMaxBytes: undefined,
    },
    journal,
    // The contest grants nothing; what little there is to note is kept in memory.
    audit: new FakeAuditLog(),
    predict,
    log: createLogger({ level: 'info' }),
    registry: new Registry(),
    clock: systemClock,
    random: Math.random,
  },
  stop.signal,
);
