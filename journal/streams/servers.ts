/**
 * What each server of the journal says of itself, by its monitoring port: asked once in two seconds for all campaigns, so
 * that a thousand of them cost no more than one. A server knows of its own write errors, which no client and no other
 * server is told of.
 */
import { z } from 'zod';
import { causeOf, type ServerTrouble, troubleOf } from '../../contract/journal-health.ts';

export interface ServerProblem {
  readonly trouble: ServerTrouble;
  /** Absent: it is about the whole server. */
  readonly stream?: string;
  readonly cause: string;
}

export interface ServerLook {
  readonly name: string;
  /**
   * `refused`: nothing listens there, or the name is gone: the process has ended or its pod is being made anew. `silent`:
   * frozen, cut off, or its node is lost.
   */
  readonly answer: 'told' | 'refused' | 'silent';
  /** Since when it gives this answer. */
  readonly sinceMs: number;
  /** Undefined: it says nothing of a store. */
  readonly syncsAlways: boolean | undefined;
  readonly problems: readonly ServerProblem[];
  /** Since when one of them at least is `notCurrent`. */
  readonly behindSinceMs?: number;
  readonly store?: { readonly maxBytes: number; readonly reservedBytes: number };
}

const WITHIN_MS = 1_000;
const LOOK_EVERY_MS = 2_000;
/** Nobody asked for so long: the campaigns are gone, and the servers are left alone. */
const UNASKED_FOR_MS = 60_000;

const varz = z.object({
  server_name: z.string(),
  jetstream: z
    .object({
      config: z.object({ sync_always: z.boolean().optional(), max_storage: z.number() }).optional(),
      stats: z.object({ storage: z.number(), reserved_storage: z.number() }).optional(),
    })
    .optional(),
});

const healthz = z.object({
  errors: z.array(z.object({ stream: z.string().optional(), error: z.string() })).optional(),
});

const page = async (url: string): Promise<unknown> => {
  // 503 and 500 carry the same JSON as 200 with `details`.
  const response = await fetch(url, { signal: AbortSignal.timeout(WITHIN_MS) });
  return response.json();
};

/** Of what `fetch` throws. A name that can't be resolved is a pod that is not there, unlike a node that does not answer. */
const isRefusal = (error: unknown): boolean => {
  const code: unknown = error instanceof Error && error.cause instanceof Object ? Reflect.get(error.cause, 'code') : '';
  return code === 'ECONNREFUSED' || code === 'ENOTFOUND' || code === 'ECONNRESET' || code === 'UND_ERR_SOCKET';
};

type Told = Omit<ServerLook, 'sinceMs' | 'behindSinceMs' | 'name'> & { readonly name?: string };

const askServer = async (monitorUrl: string): Promise<Told> => {
  try {
    // A look at thousands of busy streams may take its time: the server is no less there for that.
    const asked = page(`${monitorUrl}/healthz?details=true`).catch(() => ({}));
    const [server, health] = await Promise.all([page(`${monitorUrl}/varz`), asked]);
    const { server_name: name, jetstream } = varz.parse(server);
    const problems = (healthz.parse(health).errors ?? []).map(({ stream, error }) => ({
      trouble: troubleOf(error),
      cause: causeOf(error),
      ...(stream === undefined || stream === '' ? {} : { stream }),
    }));
    const { config, stats } = jetstream ?? {};
    return {
      name,
      answer: 'told',
      syncsAlways: config === undefined ? undefined : config.sync_always === true,
      problems,
      ...(config === undefined || stats === undefined
        ? {}
        : {
            store: {
              maxBytes: config.max_storage,
              reservedBytes: stats.reserved_storage,
            },
          }),
    };
  } catch (error) {
    return { answer: isRefusal(error) ? 'refused' : 'silent', syncsAlways: undefined, problems: [] };
  }
};

/** `http://voucher-nats-1.voucher-nats.city.svc:8222` → `voucher-nats-1`: until it has said its name. */
const nameFrom = (monitorUrl: string): string => {
  const { hostname, host } = new URL(monitorUrl);
  return /^[a-z]/i.test(hostname) && hostname !== 'localhost' ? (hostname.split('.')[0] ?? host) : host;
};

export interface ServerWatch {
  /** The last look when it is no older than two seconds, else a new one; callers of the same time share it. */
  look(): Promise<readonly ServerLook[]>;
  /** The last look; undefined before the first. Has the next one begin in time, as long as somebody asks. */
  last(): readonly ServerLook[] | undefined;
}

/** @param now wall milliseconds */
export const watchServers = (monitorUrls: readonly string[], now: () => number): ServerWatch => {
  let asked: { readonly atMs: number; readonly looks: Promise<readonly ServerLook[]> } | undefined;
  let last: readonly ServerLook[] | undefined;
  let wantedAtMs = Number.NEGATIVE_INFINITY;
  let timer: NodeJS.Timeout | undefined;

  const lookNow = async (): Promise<readonly ServerLook[]> => {
    const told = await Promise.all(monitorUrls.map((url) => askServer(url)));
    const before = last;
    last = told.map((one, i) => {
      const was = before?.[i];
      const sinceMs = was?.answer === one.answer ? was.sinceMs : now();
      const isBehind = one.problems.some(({ trouble }) => trouble === 'notCurrent');
      return {
        ...one,
        name: one.name ?? was?.name ?? nameFrom(monitorUrls[i] ?? ''),
        sinceMs,
        ...(isBehind ? { behindSinceMs: was?.behindSinceMs ?? now() } : {}),
      };
    });
    return last;
  };

  const look: ServerWatch['look'] = () => {
    const atMs = now();
    if (asked === undefined || Math.abs(atMs - asked.atMs) >= LOOK_EVERY_MS) asked = { atMs, looks: lookNow() };
    return asked.looks;
  };

  const keepLooking = (): void => {
    timer = undefined;
    if (Math.abs(now() - wantedAtMs) > UNASKED_FOR_MS) return;
    void look().finally(schedule);
  };
  const schedule = (): void => {
    timer ??= setTimeout(keepLooking, LOOK_EVERY_MS).unref();
  };

  return {
    look,
    last() {
      wantedAtMs = now();
      if (monitorUrls.length > 0 && timer === undefined) schedule();
      return last;
    },
  };
};
