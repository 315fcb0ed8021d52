/** Wires the Job that reconciles vouchers: journal, keys, the channels at this pod's share of their rate, and the report in its log. */
import type { IssuanceStart } from '../../contract/decisions/control.ts';
import { readControlValue } from '../../contract/decisions/control-schema.ts';
import { isBalanced, REPORT_MEMBER, readReconcileOrder } from '../../contract/outside/reconcile.ts';
import type { IssuanceChannel } from '../../contract/types/issuance.ts';
import { journalClocks } from '../../journal/clocks.ts';
import { connectJournal } from '../../journal/connection.ts';
import { createControlLog } from '../../journal/freeze/control.ts';
import { watchLiveSettings } from '../../journal/live/live-settings.ts';
import { createDataKeyStore } from '../../journal/privacy/data-keys.ts';
import { createJournalReplay } from '../../journal/replay.ts';
import { abortable } from '../../runtime/abortable.ts';
import { type Clock, systemClock } from '../../runtime/clock.ts';
import { again, sleep } from '../../runtime/sleep.ts';
import { channelsAsStarted } from '../books/channels.ts';
import { runBooks } from '../books/run-books.ts';
import { privacyFolder, secretFolder } from '../config.ts';
import { createIssuanceMetrics } from '../issuance/metrics.ts';
import { identityOf, issuanceOf, systemOf } from '../issuance/section.ts';
import { createStockReader } from '../issuance/stocks.ts';
import { createOpener } from '../keys/opener.ts';
import { readWrapKeys } from '../keys/privacy-keys.ts';
import { createLimitedLog } from '../limited-log.ts';
import { createChannel } from '../outside/channels/channels.ts';
import { agreedClock } from './agreed.ts';
import { followOutside } from './follow-outside.ts';
import type { RunJob } from './role.ts';
import { until } from './until.ts';

const monotonicMs = (): number => performance.now();
/** Until stocks that could not be read are read again. */
const STOCKS_EVERY_MS = 5_000;

export const runBooksJob: RunJob = async ({ config, log, registry, signal }) => {
  const { campaignId, shards } = config.app;
  const { requests } = readReconcileOrder(config.reconcile ?? '');
  const privacyDir = privacyFolder(config);
  const keysDir = secretFolder(config, 'channels');
  const connection = await connectJournal(config.dataPlane.journal, config.podName, signal);
  const ended = new AbortController();
  const both = AbortSignal.any([signal, ended.signal]);
  const limited = createLimitedLog(log);
  const warn = limited.failed;
  try {
    const of = { connection, campaignId, shards };
    const sources = journalClocks(of);
    const agreed = await agreedClock({ sources, onError: warn('read another clock') }, signal, both);
    // A channel refuses a signature whose time is wrong.
    const clock: Clock = { ...systemClock, now: () => agreed.now() };
    const settings = watchLiveSettings({ connection, campaignId, onError: warn('live settings') }, both);
    const { sections } = await abortable(settings.first, signal);
    const entry = await until(
      () => createControlLog(of).read('issuance', signal),
      signal,
      warn('read the start of issuance'),
    );
    const start: IssuanceStart | undefined = entry && readControlValue('issuance', entry.value);
    const stated: readonly IssuanceChannel[] = requests === 0 ? [] : (issuanceOf(sections)?.channels ?? []);
    const channels = followOutside(
      'issuance',
      { create: (spec: IssuanceChannel) => createChannel(spec, { keysDir, clock }), identityOf, systemOf },
      { connection, campaignId, podName: config.podName, agreed, registry, log: limited },
      both,
    );
    // A channel without keys is reported as not asked; the others are.
    await channels.follow(stated).catch(warn('make the clients of the channels'));
    const metrics = createIssuanceMetrics(registry, clock.now);
    // A channel that is stopped is read by no other pod, and only a newer reading starts it again.
    const readStocks = createStockReader({ current: channels.current, metrics: metrics.stocks, monotonicMs });
    void again(() => readStocks(both), STOCKS_EVERY_MS, both, warn('read the stocks'));
    const asked = channelsAsStarted(channels.current(), start);
    const why =
      start === undefined
        ? 'issuance has not started'
        : 'its keys can’t be read (the log says why), or it has another merchant or appId than at the start of issuance';
    log.info({ requests, channels: stated.map(({ name }) => name) }, 'reconciling winners and vouchers');
    const report = await runBooks(
      {
        campaignId,
        shards,
        journal: createJournalReplay(of),
        channels: asked,
        unreached: stated
          .filter(({ name }) => !asked.some(({ channel }) => channel === name))
          .map(({ name: channel }) => ({ channel, why })),
        opener: createOpener({
          campaignId,
          store: createDataKeyStore(connection, campaignId),
          readWrapKeys: () => readWrapKeys(privacyDir),
          monotonicMs,
        }),
        now: clock.now,
        wait: (ms, inner) => sleep(systemClock, ms, inner),
        random: Math.random,
        note: (what, details) => log.info(details, what),
      },
      requests,
      signal,
    );
    const line = { [REPORT_MEMBER]: report };
    if (isBalanced(report)) log.info(line, 'the books are balanced');
    else log.error(line, 'the books are not balanced');
  } finally {
    ended.abort();
    await connection.close();
  }
};
