/** The systems that the spec states by now, and how many logins this pod may take to each. */
import type { LoginSystem as LoginSystemSpec } from '../../contract/types/login.ts';
import { TokenBucket } from '../http/token-bucket.ts';
import type { LoginSystem } from './ports.ts';
import { identityOf } from './section.ts';

/**
 * A citizen waits for the answer, so a login is never delayed: it is taken at once, or shed. The limit is local: the permitted rate divided
 * by the Ready login pods. Worked example: 90/s, three pods: 30/s each, and 30 at one instant. While the number of pods changes, the sum may
 * be wrong for some seconds: with a fourth pod that knows of three, 120/s.
 *
 * Answers get a second bucket, because citizens log in at their own speed, and one begin has at most one answer that counts.
 */
const BURST_SECONDS = 1;
const ANSWER_BURST_SECONDS = 3;
/** A system that answers in half a second and permits 100/s to this pod needs 50. */
const MOST_UNDER_WAY = 64;

/** A system and this pod's part of its rate. */
export interface Entrance {
  readonly system: LoginSystem;
  /** Whether one more login may begin. */
  mayBegin(perSecond: number, nowMs: number): boolean;
  /** Runs one question to the system; undefined: there is no room for it now. */
  ask<T>(perSecond: number, nowMs: number, question: () => Promise<T>): Promise<T> | undefined;
}

const entranceOf = (system: LoginSystem): Entrance => {
  const [begins, answers] = [new TokenBucket(), new TokenBucket()];
  let underWay = 0;
  return {
    system,
    mayBegin: (perSecond, nowMs) => underWay < MOST_UNDER_WAY && begins.take(nowMs, perSecond, BURST_SECONDS),
    ask(perSecond, nowMs, question) {
      if (underWay >= MOST_UNDER_WAY || !answers.take(nowMs, perSecond, ANSWER_BURST_SECONDS)) return undefined;
      underWay += 1;
      return question().finally(() => {
        underWay -= 1;
      });
    },
  };
};

export interface Entrances {
  /** Called again and again, never twice at once. @throws what kept a system from being created */
  follow(specs: readonly LoginSystemSpec[]): Promise<void>;
  find(name: string): Entrance | undefined;
}

/** @param create rejects while the system's keys can't be read */
export const createEntrances = (create: (spec: LoginSystemSpec) => Promise<LoginSystem>): Entrances => {
  let known = new Map<string, { readonly identity: string; readonly entrance: Entrance }>();
  return {
    find: (name) => known.get(name)?.entrance,
    async follow(specs) {
      const made = await Promise.allSettled(
        specs.map(async (spec) => {
          const [before, identity] = [known.get(spec.name), identityOf(spec)];
          const entrance = before?.identity === identity ? before.entrance : entranceOf(await create(spec));
          return [spec.name, { identity, entrance }] as const;
        }),
      );
      known = new Map(made.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : [])));
      const failed = made.find((one) => one.status === 'rejected');
      if (failed !== undefined) throw failed.reason;
    },
  };
};
