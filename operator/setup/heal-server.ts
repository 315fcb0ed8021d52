/**
 * Beside each of the journal's servers: restarts it when it has stopped storing and only a restart makes it store again. A
 * probe of the kubelet can't: it knows one server, and would restart all three of them at a time.
 */
import { statfs } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { troubleOf } from '../api/journal-health.ts';
import { decideHeal, type HealMemory, NEVER_HEALED, type ServerView } from './heal-decision.ts';

export interface HealServerOptions {
  readonly ordinal: number;
  /** Of all servers by number, without a path. */
  readonly monitorUrls: readonly string[];
  /** Whose room is looked at. */
  readonly storeDir: string;
  /** Asks the server to end; whoever started it starts it again. @throws Error when there is none */
  readonly restart: () => Promise<void>;
  readonly log: (line: string) => void;
}

const LOOK_EVERY_MS = 3_000;
const ANSWER_WITHIN_MS = 1_000;

const instant = z.iso.datetime({ offset: true }).transform((text) => Date.parse(text));
const varz = z.object({ now: instant, start: instant });
const healthz = z.object({ errors: z.array(z.object({ error: z.string() })).optional() });

const page = async (url: string): Promise<unknown> =>
  (await fetch(url, { signal: AbortSignal.timeout(ANSWER_WITHIN_MS) })).json();

/** Undefined when it does not answer. How long it runs is by its own clock. */
export const viewServer = async (monitorUrl: string): Promise<ServerView | undefined> => {
  try {
    const [server, health] = await Promise.all([
      page(`${monitorUrl}/varz`),
      page(`${monitorUrl}/healthz?details=true`),
    ]);
    const { now, start } = varz.parse(server);
    const troubles = (healthz.parse(health).errors ?? []).map(({ error }) => troubleOf(error));
    const trouble = (['writeError', 'jetStreamOff'] as const).find((one) => troubles.includes(one)) ?? 'none';
    return { trouble, runsForMs: now - start };
  } catch {
    return undefined;
  }
};

const freeBytesOf = async (dir: string): Promise<number | undefined> => {
  const stats = await statfs(dir).catch(() => undefined);
  return stats === undefined ? undefined : stats.bavail * stats.bsize;
};

/** Until the signal fires. A look that fails changes nothing, and the next one comes. */
export const healServer = async (options: HealServerOptions, signal: AbortSignal): Promise<void> => {
  const { ordinal, monitorUrls, storeDir, restart, log } = options;
  let memory: HealMemory = NEVER_HEALED;
  let said: string | undefined;
  while (!signal.aborted) {
    const servers = await Promise.all(monitorUrls.map((url) => viewServer(url)));
    const freeBytes = await freeBytesOf(storeDir);
    const decision = decideHeal({ ordinal, servers, freeBytes }, memory, performance.now());
    memory = decision.memory;
    if (decision.why !== said && decision.why !== undefined) log(decision.why);
    said = decision.why;
    if (decision.restart) await restart().catch((error: unknown) => log(`could not be restarted: ${String(error)}`));
    await delay(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined);
  }
};
