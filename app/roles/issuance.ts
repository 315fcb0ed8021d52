/** Wires the issuance tier: channels, this pod's turns there, keys, what the start fixed, and a loop for each consumer. */

import type { IssuanceStart } from '../../contract/decisions/control.ts';
import { readControlValue } from '../../contract/decisions/control-schema.ts';
import { CHANNELS } from '../../contract/envelope.ts';
import { CALLBACK_CHANNELS } from '../../contract/outside/issuance.ts';
import type { IssuanceChannel } from '../../contract/types/issuance.ts';
import { journalClocks } from '../../journal/clocks.ts';
import { createCouponIndex } from '../../journal/coupons.ts';
import { createControlLog } from '../../journal/freeze/control.ts';
import { createAppendIssuing, createHomePublisher } from '../../journal/home-publisher.ts';
import { watchLiveSettings } from '../../journal/live-settings.ts';
import { createSharesRead } from '../../journal/outside-shares.ts';
import { createDataKeyStore } from '../../journal/privacy/data-keys.ts';
import { createFactLookup } from '../../journal/receipts/facts.ts';
import { createStreamCreatedAt } from '../../journal/streams/created-at.ts';
import { abortable } from '../../runtime/abortable.ts';
import { type Clock, systemClock } from '../../runtime/clock.ts';
import { again } from '../../runtime/sleep.ts';
import { createAgreedClock } from '../clock/agreed-clock.ts';
import { exportClocks } from '../clock/metrics.ts';
import { privacyFolder, secretFolder } from '../config.ts';
import { type ChannelDeps, channelPart } from '../issuance/channel-part.ts';
import { createIssuanceMetrics } from '../issuance/metrics.ts';
import { routerPart } from '../issuance/router-part.ts';
import { identityOf, isAsStarted, issuanceOf, systemOf } from '../issuance/section.ts';
import { createStockReader } from '../issuance/stocks.ts';
import { createOpener } from '../keys/opener.ts';
import { readWrapKeys } from '../keys/privacy-keys.ts';
import { createLogLimit } from '../log-limit.ts';
import { createChannel } from '../outside/channels/channels.ts';
import { followSystems } from '../outside/follow.ts';
import { createOutsideMetrics } from '../outside/metrics.ts';
import { serveCallbacks } from './callbacks.ts';
import type { StartRole } from './role.ts';
import { connectWorker, startWorker } from './worker.ts';

const monotonicMs = (): number => performance.now();
/** Until the channels are compared with the live settings again. */
const LOOK_EVERY_MS = 1_000;
/** Until the start of issuance is looked for again. It is appended once; another one follows only a journal that was made anew. */
const START_EVERY_MS = 5_000;
/** Until stocks that could not be read are read again. */
const STOCKS_EVERY_MS = 5_000;

export const startIssuance: StartRole = async (context) => {
  const { config, registry, log, starting } = context;
  const { campaignId, site, shards } = config.app;
  const privacyDir = privacyFolder(config);
  const keysDir = secretFolder(config, 'channels');
  const connected = await connectWorker(context);
  const { connection } = connected;
  const journal = { connection, campaignId, shards };
  const ended = new AbortController();
  const lines = createLogLimit();
  const warn =
    (step: string) =>
    (error: unknown): void => {
      const suppressed = lines.admit(step, monotonicMs());
      if (suppressed !== undefined) log.warn({ step, suppressed, error }, 'background step failed');
    };

  const agreed = createAgreedClock(
    { own: systemClock, monotonicMs, sources: journalClocks(journal), onError: warn('read another clock') },
    ended.signal,
  );
  exportClocks(registry, agreed);
  await abortable(agreed.first, starting);
  // A channel refuses a signature whose time is wrong.
  const clock: Clock = { ...systemClock, now: () => agreed.now() };
  const now = clock.now;
  const settings = watchLiveSettings({ connection, campaignId, onError: warn('live settings') }, ended.signal);
  const metrics = createIssuanceMetrics(registry, now);

  let started: IssuanceStart | undefined;
  const control = createControlLog({ connection, campaignId });
  const readStart = async (): Promise<void> => {
    const entry = await control.read('issuance', ended.signal);
    if (entry !== undefined) started = readControlValue('issuance', entry.value);
  };
  void again(readStart, START_EVERY_MS, ended.signal, warn('read the start of issuance'));

  const channels = followSystems(
    {
      create: (spec: IssuanceChannel) => createChannel(spec, { keysDir, clock }),
      identityOf,
      systemOf,
      readShares: createSharesRead({ connection, campaignId, tier: 'issuance' }),
      podName: config.podName,
      clock: systemClock,
      agreed,
      random: Math.random,
      metrics: createOutsideMetrics(registry),
      onError: warn('read the shares of this pod'),
    },
    ended.signal,
  );
  const section = () => issuanceOf(settings.current()?.sections);
  const follow = async (): Promise<void> => {
    if (settings.current() === undefined) return;
    const stated = section()?.channels ?? [];
    await channels.follow(stated);
    const start = started;
    const other = start && stated.find((one) => !isAsStarted(start, one));
    if (other !== undefined)
      throw new Error(
        `spec.issuance.channels: ${other.name} has another merchant or appId than at the start of issuance; set them back`,
      );
  };
  void again(follow, LOOK_EVERY_MS, ended.signal, warn('read the channels'));
  const readStocks = createStockReader({ current: channels.current, metrics: metrics.stocks, monotonicMs });
  void again(() => readStocks(ended.signal), STOCKS_EVERY_MS, ended.signal, warn('read the stocks'));

  const facts = createFactLookup({ ...journal, monotonicMs });
  const limited: ChannelDeps['log'] = {
    warn(fields, message) {
      const suppressed = lines.admit(message, monotonicMs());
      if (suppressed !== undefined) log.warn({ suppressed, ...fields }, message);
    },
  };
  const publish = createHomePublisher({ ...journal, monotonicMs });
  const coupons = createCouponIndex({ connection, campaignId, monotonicMs });
  const endCallbacks = await serveCallbacks(context, {
    start: () => started,
    coupons,
    facts,
    publish,
    metrics: metrics.callbacks,
    clock,
    lines,
    signal: ended.signal,
  });
  const shared = { campaignId, site, start: () => started, facts, log: limited, now };
  const ofChannels = {
    ...shared,
    shards,
    createdAt: createStreamCreatedAt(journal),
    publish,
    clock: systemClock,
    opener: createOpener({
      campaignId,
      store: createDataKeyStore(connection, campaignId),
      readWrapKeys: () => readWrapKeys(privacyDir),
      monotonicMs,
    }),
  };
  const worker = await startWorker(context, {
    tier: 'issuance',
    part: routerPart({
      ...shared,
      append: createAppendIssuing({ ...journal, monotonicMs }),
      metrics: metrics.router,
    }),
    lanes: CHANNELS.map((channel) => ({
      lane: channel,
      part: channelPart({
        ...ofChannels,
        channel,
        ...(CALLBACK_CHANNELS.some((one) => one === channel) ? { noteCoupon: coupons.note } : {}),
        reach() {
          const found = channels.current().find(({ spec }) => spec.name === channel);
          return found && started && isAsStarted(started, found.spec) ? found : undefined;
        },
        metrics: metrics.of(channel),
      }),
    })),
    connected,
    async prepare() {
      await abortable(settings.first, starting);
    },
    async close() {
      ended.abort();
    },
  });
  return {
    ...worker,
    async drain() {
      await endCallbacks();
      await worker.drain();
    },
  };
};
