/** Beside each journal server: restarts it when only that helps. A kubelet's probe would restart all three at once. */
import { statfs } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { type ServerTrouble, troubleOf } from '../../contract/journal-health.ts';
import { decideHeal, type HealMemory, NEVER_HEALED, type ServerView, type Streams } from './heal-decision.ts';

interface HealServerOptions {
  readonly ordinal: number;
  /** Of all servers by number, without a path. */
  readonly monitorUrls: readonly string[];
  /** The folder whose free space is checked. */
  readonly storeDir: string;
  /** Makes the server end; the kubelet starts it again. @throws Error when there is none */
  readonly restart: () => Promise<void>;
  readonly log: (line: string) => void;
}

const LOOK_EVERY_MS = 3_000;
const ANSWER_WITHIN_MS = 1_000;

const instant = z.iso.datetime({ offset: true }).transform((text) => Date.parse(text));
const varz = z.object({ now: instant, start: instant });
const healthz = z.object({
  errors: z
    .array(
      z.object({
        account: z.string().optional(),
        stream: z.string().optional(),
        consumer: z.string().optional(),
        error: z.string(),
      }),
    )
    .optional(),
});
const jsz = z.object({ streams: z.number() });

const page = async (url: string): Promise<unknown> =>
  (await fetch(url, { signal: AbortSignal.timeout(ANSWER_WITHIN_MS) })).json();

interface Problem {
  readonly trouble: ServerTrouble;
  readonly stream: string | undefined;
  readonly isConsumers: boolean;
}

/** Of those that have the trouble: an error of the whole server hides its streams. */
const streamsOf = (problems: readonly Problem[]): Streams =>
  problems.some(({ stream }) => stream === undefined)
    ? 'all'
    : [...new Set(problems.flatMap(({ stream }) => (stream === undefined ? [] : [stream])))];

/** The error of a consumer does not break its stream. */
const brokenOf = async (monitorUrl: string, problems: readonly Problem[]): Promise<Streams> => {
  if (problems.some(({ trouble }) => trouble === 'jetStreamOff')) return 'all';
  const broken = streamsOf(problems.filter(({ trouble, isConsumers }) => trouble === 'writeError' && !isConsumers));
  if (broken === 'all' || broken.length === 0) return broken;
  // All streams on it, as a count. Where that is unknown, the server may carry others.
  const hosted = await page(`${monitorUrl}/jsz`)
    .then((answer) => jsz.parse(answer).streams)
    .catch(() => Number.POSITIVE_INFINITY);
  return broken.length >= hosted ? 'all' : broken;
};

/** Undefined when it does not answer. `runsForMs` is by its own clock. */
export const viewServer = async (monitorUrl: string): Promise<ServerView | undefined> => {
  try {
    const [server, health] = await Promise.all([
      page(`${monitorUrl}/varz`),
      page(`${monitorUrl}/healthz?details=true`),
    ]);
    const { now, start } = varz.parse(server);
    const problems = (healthz.parse(health).errors ?? []).map(
      ({ account, stream, consumer, error }): Problem => ({
        trouble: troubleOf(error),
        stream: stream === undefined || stream === '' ? undefined : `${account ?? ''} > ${stream}`,
        isConsumers: consumer !== undefined && consumer !== '',
      }),
    );
    const has = (one: ServerTrouble): boolean => problems.some(({ trouble }) => trouble === one);
    return {
      trouble: (['writeError', 'jetStreamOff'] as const).find(has) ?? 'none',
      isReady: !has('stopping'),
      runsForMs: now - start,
      broken: await brokenOf(monitorUrl, problems),
      behind: streamsOf(problems.filter(({ trouble }) => trouble === 'notCurrent')),
    };
  } catch {
    return undefined;
  }
};

const freeBytesOf = async (dir: string): Promise<number | undefined> => {
  const stats = await statfs(dir).catch(() => undefined);
  return stats === undefined ? undefined : stats.bavail * stats.bsize;
};

/** Until the signal aborts. A failed check changes nothing, and the next one follows. */
export const healServer = async (options: HealServerOptions, signal: AbortSignal): Promise<void> => {
  const { ordinal, monitorUrls, storeDir, restart, log } = options;
  let memory: HealMemory = NEVER_HEALED;
  let logged: string | undefined;
  while (!signal.aborted) {
    const servers = await Promise.all(monitorUrls.map((url) => viewServer(url)));
    const freeBytes = await freeBytesOf(storeDir);
    const decision = decideHeal({ ordinal, servers, freeBytes }, memory, performance.now());
    memory = decision.memory;
    if (decision.why !== logged && decision.why !== undefined) log(decision.why);
    logged = decision.why;
    if (decision.restart) await restart().catch((error: unknown) => log(`could not be restarted: ${String(error)}`));
    await delay(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined);
  }
};
