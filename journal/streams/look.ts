/** Looks at a stream, bucket or consumer that may not be there, or not answer. */
import { abortable } from '../../runtime/abortable.ts';
import { kindOfError, orUndefined } from '../errors.ts';
import type { ReplicaGap } from './stream-replicas.ts';

export type Found<T> =
  | { readonly name: string; readonly kind: 'there'; readonly info: T }
  | { readonly name: string; readonly kind: 'missing' }
  /** No answer: it may exist. */
  | { readonly name: string; readonly kind: 'silent'; readonly cause: unknown };

export const look = async <T>(name: string, asked: Promise<T>, signal: AbortSignal): Promise<Found<T>> => {
  try {
    const info = await abortable(orUndefined(asked), signal);
    return info === undefined ? { name, kind: 'missing' } : { name, kind: 'there', info };
  } catch (cause) {
    signal.throwIfAborted();
    if (kindOfError(cause) !== 'unavailable') throw cause;
    return { name, kind: 'silent', cause };
  }
};

export const leaderlessOf = (found: readonly Found<unknown>[]): readonly ReplicaGap[] =>
  found.flatMap(({ name, kind }) => (kind === 'silent' ? [{ stream: name, server: undefined }] : []));

export const infosOf = <T>(found: readonly Found<T>[]): readonly T[] =>
  found.flatMap((one) => (one.kind === 'there' ? [one.info] : []));
