/** Wires the verification tier: providers, this pod's turns there, keys, and the loop of all workers. */
import type { ProviderSpec } from '../../contract/types/verification.ts';
import { journalClocks } from '../../journal/clocks.ts';
import { createHomePublisher } from '../../journal/home-publisher.ts';
import { watchLiveSettings } from '../../journal/live/live-settings.ts';
import { createDataKeyStore } from '../../journal/privacy/data-keys.ts';
import { createFactLookup } from '../../journal/receipts/facts.ts';
import { abortable } from '../../runtime/abortable.ts';
import { type Clock, systemClock } from '../../runtime/clock.ts';
import { again } from '../../runtime/sleep.ts';
import { privacyFolder, secretFolder } from '../config.ts';
import { createOpener } from '../keys/opener.ts';
import { readWrapKeys } from '../keys/privacy-keys.ts';
import { createLimitedLog } from '../limited-log.ts';
import { createAssertionCheck } from '../login/check.ts';
import { loginKeyIn } from '../login/section.ts';
import { createProvider } from '../outside/providers/providers.ts';
import { createAsserted } from '../verification/asserted.ts';
import { createDesks } from '../verification/desks.ts';
import { createVerificationMetrics } from '../verification/metrics.ts';
import { verificationPart } from '../verification/part.ts';
import { identityOf, providerOf, providersOf } from '../verification/section.ts';
import { agreedClock } from './agreed.ts';
import { followOutside } from './follow-outside.ts';
import { wireReview } from './review.ts';
import type { StartRole } from './role.ts';
import { connectWorker, startWorker } from './worker.ts';

const monotonicMs = (): number => performance.now();
/** Until the providers are compared with the live settings again. */
const LOOK_EVERY_MS = 1_000;

export const startVerification: StartRole = async (context) => {
  const { config, registry, log, starting } = context;
  const { campaignId, site, shards } = config.app;
  const privacyDir = privacyFolder(config);
  const keysDir = secretFolder(config, 'providers');
  const connected = await connectWorker(context);
  const { connection } = connected;
  const journal = { connection, campaignId, shards };
  const ended = new AbortController();
  const limited = createLimitedLog(log);
  const warn = limited.failed;

  const sources = journalClocks(journal);
  const agreed = await agreedClock({ sources, onError: warn('read another clock'), registry }, starting, ended.signal);
  // A provider refuses a signature whose time is wrong.
  const clock: Clock = { ...systemClock, now: () => agreed.now() };
  const settings = watchLiveSettings({ connection, campaignId, onError: warn('live settings') }, ended.signal);
  const providers = followOutside(
    'verification',
    { create: (spec: ProviderSpec) => createProvider(spec, { keysDir, clock }), identityOf, systemOf: providerOf },
    { connection, campaignId, podName: config.podName, agreed, registry, log: limited },
    ended.signal,
  );
  /** None in a campaign that verifies nothing any more. */
  const follow = async (): Promise<void> => {
    const current = settings.current();
    if (current !== undefined) await providers.follow(providersOf(current.sections) ?? []);
  };
  void again(follow, LOOK_EVERY_MS, ended.signal, warn('read the providers'));

  const opener = createOpener({
    campaignId,
    store: createDataKeyStore(connection, campaignId),
    readWrapKeys: () => readWrapKeys(privacyDir),
    monotonicMs,
  });
  const part = verificationPart({
    campaignId,
    site,
    shards,
    desks: createDesks(providers.current),
    opener,
    asserted: createAsserted(createAssertionCheck(campaignId), () => loginKeyIn(settings.current()?.sections)),
    facts: createFactLookup({ ...journal, monotonicMs }),
    publish: createHomePublisher({ ...journal, monotonicMs }),
    metrics: createVerificationMetrics(registry, () => agreed.now()),
    log: limited,
    now: () => agreed.now(),
  });
  const now = (): number => agreed.now();
  const review = wireReview(context, { connection, settings, opener, now, signal: ended.signal });
  const running = await startWorker(context, {
    tier: 'verification',
    part,
    connected,
    async prepare() {
      await abortable(settings.first, starting);
    },
    async close() {
      ended.abort();
    },
  });
  return { ...running, review };
};
