/** The intake, put together: journal, keys, database and HTTP server. */
import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { createClaims } from '../../journal/claims.ts';
import { journalClocks } from '../../journal/clocks.ts';
import { connectJournal } from '../../journal/connection.ts';
import { createExcludedLists } from '../../journal/excluded-lists.ts';
import { JournalHealth } from '../../journal/journal-health.ts';
import { watchLiveSettings } from '../../journal/live/live-settings.ts';
import { followQueue } from '../../journal/live/queue.ts';
import { createSiteJournal } from '../../journal/live/site-journal.ts';
import { createDataKeyStore } from '../../journal/privacy/data-keys.ts';
import { createPublisher } from '../../journal/publisher.ts';
import { createAcceptances } from '../../journal/receipts/acceptances.ts';
import { followAstray } from '../../journal/receipts/astray.ts';
import { createDrawnReceipts } from '../../journal/receipts/drawn-receipt.ts';
import { firstRegistration } from '../../journal/receipts/first-registration.ts';
import { createReceiptJournal } from '../../journal/receipts/receipt-journal.ts';
import { keepJournalChecked } from '../../journal/streams/check.ts';
import { abortable } from '../../runtime/abortable.ts';
import { systemClock } from '../../runtime/clock.ts';
import { ConfigError, databaseAccess, privacyFolder } from '../config.ts';
import { createLoadGuard } from '../http/load-guard.ts';
import { citizenConnections, listen } from '../http/server.ts';
import { createCanarySender } from '../intake/canary-sender.ts';
import { createIntake } from '../intake/create-intake.ts';
import { exportRecentPublishes } from '../intake/recent-publishes.ts';
import { ruleProblem } from '../intake/same-rule.ts';
import { areKeysDestroyed, endSoon, exportPrivacyKeys } from '../keys/destroyed-keys.ts';
import { fingerprintsOf, keyProblem } from '../keys/fingerprints.ts';
import { DataKeyRing } from '../keys/key-ring.ts';
import { fittingNothing, readPrivacyKeys, readWrapKeys } from '../keys/privacy-keys.ts';
import { createLimitedLog } from '../limited-log.ts';
import { createAssertionCheck } from '../login/check.ts';
import { createReceiptStore } from '../store/receipts.ts';
import { agreedClock } from './agreed.ts';
import type { StartRole } from './role.ts';
import { until } from './until.ts';

/** With the preStop sleep of 5 s it fits into the pod's 30 s of grace; an answer takes at most 5 s + 3 s. */
const DRAIN_WITHIN_MS = 20_000;

const monotonicMs = (): number => performance.now();

export const startIntake: StartRole = async ({ config, registry, dependencies, log, tracing, starting }) => {
  const { campaignId, site, shards } = config.app;
  const privacyDir = privacyFolder(config);
  const read = await readPrivacyKeys(privacyDir).then(
    (keys) => ({ kind: 'keys' as const, keys }),
    (error: unknown) => ({ kind: 'error' as const, error }),
  );
  const health = new JournalHealth(monotonicMs());
  const journalFound = () => health.found(monotonicMs());
  dependencies.need('journal', journalFound);
  const connection = await connectJournal(config.dataPlane.journal, config.podName, starting, (failure) =>
    health.checked(failure, monotonicMs()),
  );
  const journal = { connection, campaignId, shards };
  const ended = new AbortController();
  void keepJournalChecked(journal, health, monotonicMs, ended.signal);
  exportRecentPublishes(registry, health, monotonicMs);
  const limited = createLimitedLog(log);
  const warn = limited.failed;

  const receipts = createReceiptStore({ ...databaseAccess(config.dataPlane), campaignId });
  const sources = [...journalClocks(journal), receipts];
  // Before its first use, for the day of the data key.
  const clock = await agreedClock({ sources, onError: warn('read another clock'), registry }, starting, ended.signal);
  const settings = watchLiveSettings({ connection, campaignId, onError: warn('live settings') }, ended.signal);
  let holdsKeys = false;
  const keyStore = createDataKeyStore(connection, campaignId);
  const sealer = new DataKeyRing({
    campaignId,
    store: keyStore,
    readWrapKeys: () => readWrapKeys(privacyDir),
    clock,
    onError: warn('data keys'),
    onDestroyed() {
      if (holdsKeys) endSoon(log, ended.signal);
    },
  });
  if (read.kind === 'error' && !(await areKeysDestroyed(keyStore, starting))) throw read.error;
  await until(() => sealer.load(starting), starting, warn('load the data key of today'));
  const keys = read.kind === 'error' || sealer.isDestroyed ? fittingNothing() : read.keys;
  holdsKeys = !sealer.isDestroyed;
  exportPrivacyKeys(registry, privacyDir);
  const siteJournal = createSiteJournal(journal);
  const known = await abortable(settings.first, starting);
  if (holdsKeys) {
    const own = fingerprintsOf(keys, campaignId);
    const ask = () => siteJournal.fingerprints(own, starting);
    const wrongKeys = keyProblem(own, await until(ask, starting, warn('compare the keys with those of the campaign')));
    if (wrongKeys !== undefined) throw new ConfigError(wrongKeys);
  }
  const opensAtMs = Date.parse(known.window.opensAt);
  const first = await until(
    () => firstRegistration({ ...journal, opensAtMs, isOpen: clock.now() >= opensAtMs }, starting),
    starting,
    warn('read the first registration'),
  );
  const problem = ruleProblem(campaignId, first, known);
  if (problem !== undefined) throw new ConfigError(problem);
  void sealer.keepAhead(ended.signal);

  const guard = createLoadGuard();
  const connections = citizenConnections(config.maxConnections);
  let draining = false;
  let acknowledgedAtMs: number | undefined;
  const publisher = createPublisher({ ...journal, registry, monotonicMs, signal: ended.signal });
  const app = createIntake({
    campaignId,
    site,
    citizenKey: keys.citizen,
    areKeysDestroyed: () => sealer.isDestroyed,
    canaryKey: keys.canary,
    journal: {
      async publish(event, traceparent) {
        const outcome = await publisher.publish(event, traceparent);
        health.published(outcome, connection.isRefused(), monotonicMs());
        if (outcome.kind === 'acknowledged') acknowledgedAtMs = monotonicMs();
        return outcome;
      },
    },
    acceptances: createAcceptances({
      ...journal,
      monotonicMs,
      journal: journalFound,
      astray: followAstray(journal, warn('follow astray registrations'), ended.signal),
    }),
    receiptJournal: createReceiptJournal({ ...journal, monotonicMs, signal: ended.signal }),
    check: createAssertionCheck(campaignId),
    claims: createClaims({ connection, campaignId, monotonicMs }),
    drawnReceipts: createDrawnReceipts({ ...journal, monotonicMs }),
    excludedLists: createExcludedLists(journal),
    queue: followQueue({ connection, campaignId, random: Math.random, onError: warn('waiting room') }, ended.signal),
    journalFound,
    settings,
    siteHealth: { acknowledgedAtMs: () => acknowledgedAtMs, probe: siteJournal.probe },
    sealer,
    receipts,
    registry,
    guard,
    connections,
    now: () => clock.now(),
    isClockAgreed: () => clock.isAgreed(),
    wallClockMs: () => systemClock.now(),
    monotonicMs,
    random: Math.random,
    seed: randomBytes(16).toString('hex'),
    isDraining: () => draining,
    signal: ended.signal,
    onServerError: limited.answered,
    ...(tracing === undefined ? {} : { tracing }),
  });
  const server = await listen(app, config.host, config.httpPort, { connections, keepAliveMs: config.keepAliveMs });
  const { serviceUrl } = config;
  return {
    ...(serviceUrl === undefined
      ? {}
      : {
          canary: createCanarySender({
            serviceUrl,
            canaryKey: keys.canary,
            settings,
            now: () => clock.now(),
            monotonicMs,
            signal: ended.signal,
          }),
        }),
    problem: () => clock.problem(),
    async drain() {
      draining = true;
      await delay(config.drainGraceMs);
      await server.drain(DRAIN_WITHIN_MS);
      ended.abort();
      guard.close();
      await Promise.all([connection.close(), receipts.close()]);
    },
  };
};
