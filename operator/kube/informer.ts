/**
 * Keeps a store equal to the API server's objects: list, then watch from that version, for ever, through all failures.
 * Client-node's own informer stops for good at the first reset socket (measured in 2.0.1).
 *
 * | what happens                               | what follows                                                 |
 * |--------------------------------------------|--------------------------------------------------------------|
 * | the server ends the watch (its time is up) | watched again at once from the last version                  |
 * | 410: the version is too old                | listed again; the store serves the old objects meanwhile     |
 * | reset, 5xx, garbled line                   | watched again from the last version after a jittered backoff |
 * | three of those in a row                    | listed again                                                 |
 * | 429                                        | after Retry-After                                            |
 * | 403                                        | again after 10 s at most; `trouble` is set until it works    |
 * | no end at the requested time               | half-dead: cut, and watched again                            |
 * | a list that takes too long, or fails       | again after the backoff                                      |
 * | ten minutes                                | listed again, in case an event was lost                      |
 */
import { z } from 'zod';
import { backoffMs } from '../../runtime/backoff.ts';
import type { Clock } from '../../runtime/clock.ts';
import { sleep } from '../../runtime/sleep.ts';
import { type ApiResource, describeTarget } from './api-resources.ts';
import type { KubeClient } from './client.ts';
import { errorOfStatus, isKubeError, KubeError } from './errors.ts';
import { type KubeObject, parseObject, parsePage, parseWatchEvent } from './objects.ts';
import type { Store, Stored } from './store.ts';
import { watchLines } from './watch-lines.ts';

export type InformerReport =
  | { readonly kind: 'listed'; readonly objects: number; readonly seconds: number }
  | { readonly kind: 'watching' }
  /** One object that can't be parsed; the others are kept. */
  | { readonly kind: 'skipped'; readonly error: unknown }
  | { readonly kind: 'failed'; readonly error: unknown; readonly failures: number; readonly retryAfterMs: number };

interface InformerOptions<T extends Stored> {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly random: () => number;
  readonly store: Store<T>;
  readonly resource: ApiResource;
  readonly namespace?: string | undefined;
  readonly labelSelector?: string;
  /** The part worth keeping; throws for an object that can't be parsed. */
  readonly keep: (object: KubeObject) => T;
  readonly onReport: (report: InformerReport) => void;
  readonly timing?: Partial<InformerTiming>;
}

export interface InformerTiming {
  /** Requested length of one watch. A dead connection is noticed after this and the grace at the latest. */
  readonly watchMs: number;
  /** The server may end the watch this much later. */
  readonly graceMs: number;
  readonly pageMs: number;
  readonly relistMs: number;
  readonly backoff: { readonly initialMs: number; readonly maxMs: number };
  /** The longest wait after a refusal: people restore permissions, and each namespace has ten watches. */
  readonly refusedMs: number;
}

export interface InformerTrouble {
  readonly error: unknown;
  /** In a row, of one kind: refusals have a row of their own. */
  readonly failures: number;
  readonly isRefused: boolean;
  /** When the row began, monotonic ms. */
  readonly sinceMs: number;
}

/** 20 s: three reopened watches a minute cost the API server less than one list. */
const TIMING: InformerTiming = {
  watchMs: 20_000,
  graceMs: 5_000,
  pageMs: 30_000,
  relistMs: 600_000,
  backoff: { initialMs: 100, maxMs: 4_000 },
  refusedMs: 10_000,
};
const PAGE_SIZE = 500;
const MAX_RETRY_AFTER_MS = 10_000;
const RELIST_AFTER_FAILURES = 3;
/** A server that ends watches sooner than this is in trouble, and must not be called in a tight loop. */
const TOO_SHORT_MS = 1_000;

export class Informer<T extends Stored> {
  readonly #options: InformerOptions<T>;
  readonly #timing: InformerTiming;
  /** Where the next watch begins; undefined means list first. */
  #version: string | undefined;
  #listAtMs = Number.NEGATIVE_INFINITY;
  #isSynced = false;
  #contactAtMs: number | undefined;
  #trouble: InformerTrouble | undefined;

  constructor(options: InformerOptions<T>) {
    this.#options = options;
    this.#timing = { ...TIMING, ...options.timing };
  }

  /** Whether the store has held a whole list once. */
  get isSynced(): boolean {
    return this.#isSynced;
  }

  /** Undefined from the moment in which a watch is open. */
  get trouble(): InformerTrouble | undefined {
    return this.#trouble;
  }

  /** Since the API server last sent anything about these objects; undefined before the first list. */
  quietMs(): number | undefined {
    return this.#contactAtMs === undefined ? undefined : this.#options.clock.monotonicMs() - this.#contactAtMs;
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock, random } = this.#options;
    let failures = 0;
    while (!signal.aborted) {
      const startedAtMs = clock.monotonicMs();
      try {
        const isDue = clock.monotonicMs() - this.#listAtMs >= this.#timing.relistMs;
        if (this.#version === undefined || isDue) await this.#list(signal);
        const lastedMs = await this.#watch(signal);
        if (lastedMs < TOO_SHORT_MS) throw new Error(`the watch ended after ${Math.round(lastedMs)} ms`);
        failures = 0;
      } catch (error) {
        if (signal.aborted) return;
        const isRefused = isKubeError(error, 'forbidden');
        // A watch that broke after it had worked is a new failure. So is a refusal after an outage: with the long backoff
        // of refusals a single 403 would blind the operator.
        const hasWorked = !isKubeError(error) && clock.monotonicMs() - startedAtMs >= TOO_SHORT_MS;
        const isAnother = this.#trouble !== undefined && this.#trouble.isRefused !== isRefused;
        const isNew = hasWorked || isAnother;
        failures = isNew ? 1 : failures + 1;
        if (isKubeError(error, 'expired') || failures % RELIST_AFTER_FAILURES === 0) this.#version = undefined;
        const sinceMs = (isNew ? undefined : this.#trouble?.sinceMs) ?? clock.monotonicMs();
        this.#trouble = { error, failures, isRefused, sinceMs };
        const askedMs = error instanceof KubeError ? Math.min(error.retryAfterMs ?? 0, MAX_RETRY_AFTER_MS) : 0;
        const retryAfterMs = Math.max(askedMs, backoffMs(failures, this.#backoff(isRefused), random()));
        this.#report({ kind: 'failed', error, failures, retryAfterMs });
        await sleep(clock, retryAfterMs, signal);
      }
    }
  }

  #backoff(isRefused: boolean): InformerTiming['backoff'] {
    const { backoff, refusedMs } = this.#timing;
    return isRefused ? { ...backoff, maxMs: Math.max(backoff.maxMs, refusedMs) } : backoff;
  }

  async #list(signal: AbortSignal): Promise<void> {
    const { client, clock, resource, namespace, labelSelector, store } = this.#options;
    const startedAtMs = clock.monotonicMs();
    const objects: T[] = [];
    let next: string | undefined;
    let version: string;
    do {
      const query = { labelSelector, limit: String(PAGE_SIZE), continue: next };
      const page = parsePage(
        await client.call({ verb: 'list', resource, namespace, query, timeoutMs: this.#timing.pageMs }, signal),
      );
      for (const item of page.items) objects.push(...this.#kept(() => parseObject(item)));
      version = page.resourceVersion;
      next = page.next;
    } while (next !== undefined);
    store.replace(objects, version, namespace);
    this.#version = version;
    this.#listAtMs = clock.monotonicMs();
    this.#contactAtMs = this.#listAtMs;
    this.#isSynced = true;
    this.#report({ kind: 'listed', objects: objects.length, seconds: (this.#listAtMs - startedAtMs) / 1000 });
  }

  /** One watch, until the server ends it: its length, ms. @throws what broke it */
  async #watch(signal: AbortSignal): Promise<number> {
    const { client, clock, random, resource, namespace, labelSelector } = this.#options;
    const { watchMs, graceMs } = this.#timing;
    const controller = new AbortController();
    const either = AbortSignal.any([signal, controller.signal]);
    // A fifth of jitter, so that the watches of a restarted operator don't all end together.
    const timeoutSeconds = Math.max(1, Math.round((watchMs * (1 + random() / 5)) / 1000));
    let isSilent = false;
    const cancel = clock.after(timeoutSeconds * 1000 + graceMs, () => {
      isSilent = true;
      controller.abort();
    });
    const startedAtMs = clock.monotonicMs();
    let events = 0;
    try {
      const query = {
        labelSelector,
        watch: 'true',
        allowWatchBookmarks: 'true',
        resourceVersion: this.#version,
        timeoutSeconds: String(timeoutSeconds),
      };
      const body = await client.open({ verb: 'watch', resource, namespace, query }, either);
      this.#contactAtMs = clock.monotonicMs();
      this.#trouble = undefined;
      this.#report({ kind: 'watching' });
      for await (const line of watchLines(body)) {
        this.#take(line);
        events += 1;
        this.#contactAtMs = clock.monotonicMs();
      }
    } catch (error) {
      if (!isSilent) throw error;
      if (events === 0)
        throw new Error(`the watch sent nothing and did not end within ${timeoutSeconds} s`, { cause: error });
    } finally {
      cancel();
      controller.abort();
    }
    return clock.monotonicMs() - startedAtMs;
  }

  #take(line: string): void {
    const { store, resource, namespace } = this.#options;
    const { type, object } = parseWatchEvent(line);
    if (type === 'ERROR') throw errorOfStatus(object, `watch ${describeTarget({ resource, namespace })}`);
    let version: string;
    if (type === 'BOOKMARK') {
      version = bookmarkVersion(object);
    } else {
      const parsed = parseObject(object);
      version = parsed.metadata.resourceVersion;
      const kept = type === 'DELETED' ? [] : this.#kept(() => parsed);
      for (const object of kept) store.put(object);
      // Also one that can't be kept any more: its old version is out of date.
      if (kept.length === 0) store.remove(parsed, version);
    }
    // Only now: an event that could not be processed is requested again.
    this.#version = version;
    store.reached(version, namespace);
  }

  /** None when it can't be kept: one bad object must not hide all the others. */
  #kept(parse: () => KubeObject): T[] {
    try {
      return [this.#options.keep(parse())];
    } catch (error) {
      this.#report({ kind: 'skipped', error });
      return [];
    }
  }

  #report(report: InformerReport): void {
    try {
      this.#options.onReport(report);
    } catch {
      // A failing report must not stop the watch.
    }
  }
}

const bookmark = z.object({ metadata: z.object({ resourceVersion: z.string() }) });

const bookmarkVersion = (object: unknown): string => {
  const parsed = bookmark.safeParse(object);
  if (!parsed.success) throw new Error('a bookmark has no version');
  return parsed.data.metadata.resourceVersion;
};
