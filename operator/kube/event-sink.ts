/**
 * Events of campaigns, events.k8s.io/v1. Emitting never waits and never fails; under pressure events are dropped and
 * counted, because ticks matter more.
 *
 * | the same event (campaign, type, reason, text) was emitted | then                                    |
 * |------------------------------------------------------------|-----------------------------------------|
 * | never, or more than 6 minutes ago                          | a new Event                             |
 * | once                                                       | its series begins: count 2              |
 * | more often                                                 | its series is counted on, once a minute |
 */
import type { VoucherCampaign } from '../../contract/types/campaign.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { CampaignEvent, EventSink } from '../tick/ports.ts';
import { EVENTS } from './api-resources.ts';
import type { KubeClient } from './client.ts';
import { microTime } from './objects.ts';

interface EventSinkOptions {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly instance: string;
  readonly onDropped: (reason: 'rate' | 'queue' | 'failed', error?: unknown) => void;
}

export interface RunningEventSink extends EventSink {
  /** Writes until the signal aborts, then what is left, for a second at most. Never rejects. */
  run(signal: AbortSignal): Promise<void>;
}

const CONTROLLER = 'voucher-operator.io/voucher-operator';
/** As client-go's recorder has it. */
const SERIES_ENDS_MS = 6 * 60_000;
const SERIES_WRITE_MS = 60_000;
const MAX_KNOWN = 2_000;
const MAX_QUEUED = 500;
/** A campaign may emit this many at once, and then one every five seconds. */
const BURST = 25;
const REFILL_MS = 5_000;
const WRITE_WITHIN_MS = 3_000;
const LAST_WORDS_MS = 1_000;
const MAX_NOTE_BYTES = 1024;

interface Known {
  readonly campaign: Pick<VoucherCampaign, 'apiVersion' | 'kind' | 'metadata'>;
  readonly event: CampaignEvent;
  readonly name: string;
  readonly firstAtMs: number;
  lastAtMs: number;
  count: number;
  /** Undefined until the Event itself is written. */
  writtenAtMs: number | undefined;
  isQueued: boolean;
}

/** The API server counts bytes. */
export const boundedNote = (text: string): string => {
  const bytes = Buffer.from(text);
  if (bytes.length <= MAX_NOTE_BYTES) return text;
  // A character that was cut in two becomes U+FFFD at the end.
  return `${bytes
    .subarray(0, MAX_NOTE_BYTES - 3)
    .toString('utf8')
    .replace(/\uFFFD$/, '')}…`;
};

export const createEventSink = ({ client, clock, instance, onDropped }: EventSinkOptions): RunningEventSink => {
  const known = new Map<string, Known>();
  const buckets = new Map<string, { tokens: number; atMs: number }>();
  const queue: Known[] = [];
  let wake = (): void => undefined;
  let sequence = 0;

  const mayTalk = (uid: string, nowMs: number): boolean => {
    const bucket = buckets.get(uid) ?? { tokens: BURST, atMs: nowMs };
    bucket.tokens = Math.min(BURST, bucket.tokens + (nowMs - bucket.atMs) / REFILL_MS);
    bucket.atMs = nowMs;
    if (buckets.size >= MAX_KNOWN) buckets.clear();
    buckets.set(uid, bucket);
    if (bucket.tokens < 1) return false;
    bucket.tokens -= 1;
    return true;
  };

  const enqueue = (entry: Known): void => {
    if (entry.isQueued) return;
    if (queue.length >= MAX_QUEUED) {
      onDropped('queue');
      return;
    }
    entry.isQueued = true;
    queue.push(entry);
    wake();
  };

  const emit: EventSink['emit'] = (campaign, event) => {
    const nowMs = clock.now();
    const { uid = '', name } = campaign.metadata;
    const key = JSON.stringify([uid, event.type, event.reason, event.message]);
    const seen = known.get(key);
    if (seen !== undefined && nowMs - seen.lastAtMs < SERIES_ENDS_MS) {
      seen.count += 1;
      seen.lastAtMs = nowMs;
      const isDue = seen.writtenAtMs === undefined || seen.count === 2 || nowMs - seen.writtenAtMs >= SERIES_WRITE_MS;
      if (isDue) enqueue(seen);
      return;
    }
    if (!mayTalk(uid, nowMs)) {
      onDropped('rate');
      return;
    }
    sequence += 1;
    const entry: Known = {
      campaign,
      event,
      // Unique also among processes: the time, and a count within it.
      name: `${name}.${nowMs.toString(16)}${sequence.toString(16).padStart(4, '0')}`,
      firstAtMs: nowMs,
      lastAtMs: nowMs,
      count: 1,
      writtenAtMs: undefined,
      isQueued: false,
    };
    known.delete(key);
    known.set(key, entry);
    const [oldest] = known.keys();
    if (known.size > MAX_KNOWN && oldest !== undefined) known.delete(oldest);
    enqueue(entry);
  };

  const write = async (entry: Known, signal: AbortSignal): Promise<void> => {
    const { campaign, event, name } = entry;
    const { namespace, name: regarded, uid, resourceVersion } = campaign.metadata;
    const target = { resource: EVENTS, namespace, timeoutMs: WRITE_WITHIN_MS };
    const isFirst = entry.writtenAtMs === undefined;
    const series = { count: entry.count, lastObservedTime: microTime(entry.lastAtMs) };
    if (!isFirst) {
      entry.writtenAtMs = clock.now();
      const body = [{ op: 'add', path: '/series', value: series }];
      await client.call({ ...target, name, verb: 'patch', body }, signal);
      return;
    }
    const body = {
      apiVersion: 'events.k8s.io/v1',
      kind: 'Event',
      metadata: { name, namespace },
      eventTime: microTime(entry.firstAtMs),
      reportingController: CONTROLLER,
      reportingInstance: instance.slice(0, 128),
      action: 'Reconcile',
      type: event.type,
      reason: event.reason,
      note: boundedNote(event.message),
      regarding: {
        apiVersion: campaign.apiVersion,
        kind: campaign.kind,
        name: regarded,
        namespace,
        uid,
        resourceVersion,
      },
      ...(entry.count > 1 ? { series } : {}),
    };
    await client.call({ ...target, verb: 'create', body }, signal);
    entry.writtenAtMs = clock.now();
  };

  const writeNext = async (signal: AbortSignal): Promise<void> => {
    const entry = queue.shift();
    if (entry === undefined) return;
    entry.isQueued = false;
    try {
      await write(entry, signal);
    } catch (error) {
      if (!signal.aborted) onDropped('failed', error);
    }
  };

  const run: RunningEventSink['run'] = async (signal) => {
    const ending = new AbortController();
    const onAbort = (): void => {
      clock.after(LAST_WORDS_MS, () => ending.abort());
      wake();
    };
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    while (!ending.signal.aborted) {
      if (queue.length > 0) await writeNext(ending.signal);
      else if (signal.aborted) break;
      else {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    }
    signal.removeEventListener('abort', onAbort);
  };

  return { emit, run };
};
