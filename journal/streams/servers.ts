/**
 * What each server of the journal reports of itself at its monitoring port. Asked once in two seconds for all campaigns, so that
 * a thousand cost no more than one. Only the server itself knows of its write errors.
 */
import { z } from 'zod';
import { causeOf, type ServerTrouble, troubleOf } from '../../contract/journal-health.ts';

export interface ServerProblem {
  readonly trouble: ServerTrouble;
  /** Absent: it concerns the whole server. */
  readonly stream?: string;
  readonly cause: string;
}

export interface ServerLook {
  readonly name: string;
  /** Of its tag `site:NAME`, as far as it has ever answered. Absent: it states none. */
  readonly site?: string;
  /** Its tag `role:witness`: it stores, and leads nothing (leaders.ts). */
  readonly isWitness?: true;
  /**
   * `refused`: nothing listens there, or the name is unknown: the process has ended, or its pod is being replaced. `silent`:
   * frozen, cut off, or its node is lost.
   */
  readonly answer: 'answered' | 'refused' | 'silent';
  /** Since when it gives this answer. */
  readonly sinceMs: number;
  /** Undefined: it reports no store. */
  readonly syncsAlways: boolean | undefined;
  readonly problems: readonly ServerProblem[];
  /** Since when one of them at least is `notCurrent`. */
  readonly behindSinceMs?: number;
  readonly store?: { readonly maxBytes: number; readonly reservedBytes: number };
}

const WITHIN_MS = 1_000;
const LOOK_EVERY_MS = 2_000;
/** Without a question for this long there are no campaigns left, and the servers are not asked any more. */
const UNASKED_FOR_MS = 60_000;

const varz = z.object({
  server_name: z.string(),
  tags: z.array(z.string()).optional(),
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

/** Of what `fetch` throws. An unknown name is a pod that does not exist, unlike a node that does not answer. */
const isRefusal = (error: unknown): boolean => {
  const code: unknown = error instanceof Error && error.cause instanceof Object ? Reflect.get(error.cause, 'code') : '';
  return code === 'ECONNREFUSED' || code === 'ENOTFOUND' || code === 'ECONNRESET' || code === 'UND_ERR_SOCKET';
};

/** `site:a`, `role:witness`, of a stretched cluster (docs/sites.md). nats-server makes tags lower case. */
const placeOf = (tags: readonly string[] = []): Pick<ServerLook, 'site' | 'isWitness'> => {
  const site = tags.find((tag) => tag.startsWith('site:'))?.slice('site:'.length);
  return {
    ...(site === undefined ? {} : { site }),
    ...(tags.includes('role:witness') ? { isWitness: true } : {}),
  };
};

type Answer = Omit<ServerLook, 'sinceMs' | 'behindSinceMs' | 'name'> & { readonly name?: string };

const askServer = async (monitorUrl: string): Promise<Answer> => {
  try {
    // /healthz of thousands of busy streams may be slow: that does not make the server unreachable.
    const asked = page(`${monitorUrl}/healthz?details=true`).catch(() => ({}));
    const [server, health] = await Promise.all([page(`${monitorUrl}/varz`), asked]);
    const { server_name: name, tags, jetstream } = varz.parse(server);
    const problems = (healthz.parse(health).errors ?? []).map(({ stream, error }) => ({
      trouble: troubleOf(error),
      cause: causeOf(error),
      ...(stream === undefined || stream === '' ? {} : { stream }),
    }));
    const { config, stats } = jetstream ?? {};
    return {
      name,
      ...placeOf(tags),
      answer: 'answered',
      syncsAlways: config === undefined ? undefined : config.sync_always === true,
      problems,
      ...(config === undefined || stats === undefined
        ? {}
        : { store: { maxBytes: config.max_storage, reservedBytes: stats.reserved_storage } }),
    };
  } catch (error) {
    return { answer: isRefusal(error) ? 'refused' : 'silent', syncsAlways: undefined, problems: [] };
  }
};

/** `http://voucher-nats-1.voucher-nats.city.svc:8222` → `voucher-nats-1`: used until the server has answered with its name. */
const nameFrom = (monitorUrl: string): string => {
  const { hostname, host } = new URL(monitorUrl);
  return /^[a-z]/i.test(hostname) && hostname !== 'localhost' ? (hostname.split('.')[0] ?? host) : host;
};

export interface ServerWatch {
  /** The last look if it is no older than two seconds, else a new one, which concurrent callers share. */
  look(): Promise<readonly ServerLook[]>;
  /** The last look; undefined before the first. As long as it is called, looks are repeated in time. */
  last(): readonly ServerLook[] | undefined;
  /** Those of the last look that answered as witnesses, as long as looks are asked for. */
  witnesses(): readonly { readonly name: string; readonly monitorUrl: string }[];
}

export const watchServers = (monitorUrls: readonly string[], now: () => number): ServerWatch => {
  let asked: { readonly atMs: number; readonly looks: Promise<readonly ServerLook[]> } | undefined;
  let last: readonly ServerLook[] | undefined;
  let wantedAtMs = Number.NEGATIVE_INFINITY;
  let timer: NodeJS.Timeout | undefined;

  const lookNow = async (): Promise<readonly ServerLook[]> => {
    const answers = await Promise.all(monitorUrls.map((url) => askServer(url)));
    const before = last;
    last = answers.map((one, i) => {
      const was = before?.[i];
      const sinceMs = was?.answer === one.answer ? was.sinceMs : now();
      const isBehind = one.problems.some(({ trouble }) => trouble === 'notCurrent');
      const { site, isWitness } = one.answer === 'answered' ? one : (was ?? one);
      return {
        ...one,
        ...(site === undefined ? {} : { site }),
        ...(isWitness === undefined ? {} : { isWitness }),
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
    witnesses: () =>
      (last ?? []).flatMap(({ name, isWitness, answer }, i) =>
        isWitness === true && answer === 'answered' ? [{ name, monitorUrl: monitorUrls[i] ?? '' }] : [],
      ),
    last() {
      wantedAtMs = now();
      if (monitorUrls.length > 0 && timer === undefined) schedule();
      return last;
    },
  };
};
