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
import { watchLiveSettings } from '../../journal/live/live-settings.ts';
import { createDataKeyStore } from '../../journal/privacy/data-keys.ts';
import { createFactLookup } from '../../journal/receipts/facts.ts';
import { createStreamCreatedAt } from '../../journal/streams/created-at.ts';
import { abortable } from '../../runtime/abortable.ts';
import { type Clock, systemClock } from '../../runtime/clock.ts';
import { again } from '../../runtime/sleep.ts';
import { privacyFolder, secretFolder } from '../config.ts';
import { channelPart } from '../issuance/channel-part.ts';
import { createIssuanceMetrics } from '../issuance/metrics.ts';
import { routerPart } from '../issuance/router-part.ts';
import { identityOf, isAsStarted, issuanceOf, systemOf } from '../issuance/section.ts';
import { createStockReader } from '../issuance/stocks.ts';
import { createOpener } from '../keys/opener.ts';
import { readWrapKeys } from '../keys/privacy-keys.ts';
import { createLimitedLog } from '../limited-log.ts';
import { createChannel } from '../outside/channels/channels.ts';
import { agreedClock } from './agreed.ts';
import { serveCallbacks } from './callbacks.ts';
import { followOutside } from './follow-outside.ts';
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
  const limited = createLimitedLog(log);
  const warn = limited.failed;

  const sources = journalClocks(journal);
  const agreed = await agreedClock({ sources, onError: warn('read another clock'), registry }, starting, ended.signal);
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

  const channels = followOutside(
    'issuance',
    { create: (spec: IssuanceChannel) => createChannel(spec, { keysDir, clock }), identityOf, systemOf },
    { connection, campaignId, podName: config.podName, agreed, registry, log: limited },
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
  const publish = createHomePublisher({ ...journal, monotonicMs });
  const coupons = createCouponIndex({ connection, campaignId, monotonicMs });
  const endCallbacks = await serveCallbacks(context, {
    start: () => started,
    coupons,
    facts,
    publish,
    metrics: metrics.callbacks,
    clock,
    log: limited,
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
