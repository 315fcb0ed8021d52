/** What the local OpenID provider keeps, in memory: bounded, and lost with the process. */
import type { Adapter, AdapterPayload } from 'oidc-provider';

const MOST = 100_000;

interface Entry {
  readonly payload: AdapterPayload;
  readonly untilMs: number;
}

/** One for each kind of object; all share the memory. */
export const createAdapters = (nowMs: () => number): ((kind: string) => Adapter) => {
  const entries = new Map<string, Entry>();
  const find = (wanted: (key: string, payload: AdapterPayload) => boolean): AdapterPayload | undefined => {
    for (const [key, { payload, untilMs }] of entries) if (untilMs > nowMs() && wanted(key, payload)) return payload;
    return undefined;
  };
  return (kind) => {
    const keyOf = (id: string): string => `${kind}:${id}`;
    const read = (id: string): AdapterPayload | undefined => {
      const entry = entries.get(keyOf(id));
      return entry !== undefined && entry.untilMs > nowMs() ? entry.payload : undefined;
    };
    return {
      async upsert(id, payload, expiresIn = Number.POSITIVE_INFINITY) {
        entries.delete(keyOf(id));
        entries.set(keyOf(id), { payload, untilMs: nowMs() + expiresIn * 1_000 });
        // A Map lists its keys in the order in which they were set.
        for (const oldest of entries.keys()) {
          if (entries.size <= MOST) break;
          entries.delete(oldest);
        }
      },
      find: async (id) => read(id),
      findByUid: async (uid) => find((key, payload) => key.startsWith(`${kind}:`) && payload.uid === uid),
      findByUserCode: async (code) => find((key, payload) => key.startsWith(`${kind}:`) && payload.userCode === code),
      async consume(id) {
        const payload = read(id);
        if (payload !== undefined) payload['consumed'] = Math.floor(nowMs() / 1_000);
      },
      async destroy(id) {
        entries.delete(keyOf(id));
      },
      async revokeByGrantId(grantId) {
        for (const [key, { payload }] of entries) if (payload.grantId === grantId) entries.delete(key);
      },
    };
  };
};
