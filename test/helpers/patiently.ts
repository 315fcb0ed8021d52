/**
 * Asks a journal again, as the operator does at its next tick, while nobody there can answer: servers that have just met
 * count each other as offline, a stream that was just made has no leader yet, and a leader may change under any test.
 */
import { JetStreamApiError, type JetStreamManager } from '@nats-io/jetstream';
import type { JournalAdmin, JournalSpec, JournalState } from '../../operator/reconcile/ports.ts';
import { eventually } from './eventually.ts';

/** nats-server's codes (server/errors.json) for too few servers that are known to be there, and for no leader. */
const PASSING_CODES = new Set([10_005, 10_008, 10_009]);
/** Of the client's errors: no responders, which it calls "not enabled" where JetStream was asked, and no answer in time. */
const PASSING_NAMES = new Set(['JetStreamNotEnabled', 'NoRespondersError', 'RequestError', 'TimeoutError']);
const NOT_FOUND_CODES = new Set([10_014, 10_059]);

const codeOf = (error: unknown): number => (error instanceof JetStreamApiError ? error.code : 0);

const isPassing = (error: unknown): boolean => {
  if (!(error instanceof Error)) return false;
  // The last one is our own reader's.
  return (
    PASSING_CODES.has(codeOf(error)) || PASSING_NAMES.has(error.name) || error.message.startsWith('nobody answers')
  );
};

interface Asked<T> {
  readonly value?: T;
  readonly error?: unknown;
}

/**
 * @param ask the same question at each attempt; what it throws besides "nobody can answer now" is thrown at once
 * @throws Error when nobody answers within half a minute, with the last reason as its cause
 */
export const patiently = async <T>(what: string, ask: (attempt: number) => Promise<T>): Promise<T> => {
  let attempt = 0;
  const once = async (): Promise<Asked<T>> => {
    attempt += 1;
    try {
      return { value: await ask(attempt) };
    } catch (error) {
      if (isPassing(error)) throw error;
      return { error };
    }
  };
  const asked = await eventually(once, { what: `an answer to ${what}` });
  if ('error' in asked) throw asked.error;
  return asked.value as T;
};

/** The first state of a journal that is an answer: `ready` or `conflict`. */
export const ensured = (admin: JournalAdmin, spec: JournalSpec): Promise<JournalState> =>
  eventually(
    async () => {
      const state = await admin.ensure(spec, new AbortController().signal);
      if (state.kind === 'unavailable') throw new Error(state.message);
      return state;
    },
    { what: `the journal of ${spec.campaignId}` },
  );

const isPromise = (value: unknown): value is Promise<unknown> => value instanceof Promise;

/** A first attempt that nobody answered may have been heard. */
const again = async (name: string, attempt: number, answer: Promise<unknown>): Promise<unknown> => {
  try {
    return await answer;
  } catch (error) {
    if (name === 'delete' && attempt > 1 && NOT_FOUND_CODES.has(codeOf(error))) return true;
    throw error;
  }
};

/** Every method that answers by a promise asks patiently; its groups of methods and its listers do so too. */
const patientObject = <T extends object>(target: T): T =>
  new Proxy(target, {
    get(_, property) {
      const member: unknown = Reflect.get(target, property, target);
      if (typeof member === 'object' && member !== null) return patientObject(member);
      if (typeof member !== 'function') return member;
      const name = String(property);
      return (...args: readonly unknown[]): unknown => {
        const first: unknown = Reflect.apply(member, target, args);
        if (name === 'names' || name === 'list') return patientObject(first as object);
        if (!isPromise(first)) return first;
        return patiently(name, (attempt) =>
          again(name, attempt, attempt === 1 ? first : (Reflect.apply(member, target, args) as Promise<unknown>)),
        );
      };
    },
  });

export const patientManager = (manager: JetStreamManager): JetStreamManager => patientObject(manager);
