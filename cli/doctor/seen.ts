/** Reads for the doctor: a missing permission is a result, too. */
import { defined } from '../../contract/defined.ts';
import type { ApiResource } from '../../operator/kube/api-resources.ts';
import { ifFound, isKubeError } from '../../operator/kube/errors.ts';
import { type KubeObject, parseObject } from '../../operator/kube/objects.ts';
import { type Api, listAll } from '../access.ts';
import type { Seen } from './doctor-facts.ts';

export interface Look {
  readonly resource: ApiResource;
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly metadataOnly?: 'list';
}

/** The command for a user with the permission. */
const commandOf = ({ resource: { plural }, namespace }: Look, name?: string): string =>
  `kubectl get ${plural}${name === undefined ? '' : ` ${name}`}${namespace === undefined ? '' : ` -n ${namespace}`}`;

const seen = async <T>(command: string, look: () => Promise<T>): Promise<Seen<T>> => {
  try {
    return { kind: 'seen', value: await look() };
  } catch (error) {
    if (isKubeError(error, 'forbidden')) return { kind: 'hidden', command };
    // Without any answer the doctor has nothing to report.
    if (isKubeError(error, 'connection', 'timeout', 'unauthorized')) throw error;
    return { kind: 'failed', message: error instanceof Error ? error.message : String(error) };
  }
};

export const createReader = ({ client }: Pick<Api, 'client'>, signal: AbortSignal) => ({
  list: <T>({ resource, namespace, metadataOnly, ...selectors }: Look, keep: (object: KubeObject) => T) =>
    seen(commandOf({ resource, ...defined({ namespace }) }), async () => {
      const what = { resource, namespace, ...defined({ metadataOnly }) };
      return (await listAll(client, what, selectors, signal)).map(keep);
    }),
  get: <T>(look: Look, name: string, keep: (object: KubeObject) => T) =>
    seen(commandOf(look, name), async () => {
      const { resource, namespace } = look;
      const found = await ifFound(client.call({ resource, namespace, name, verb: 'get' }, signal));
      return found === undefined ? undefined : keep(parseObject(found));
    }),
});
export type Reader = ReturnType<typeof createReader>;

/** A next read; hidden and failed are kept. */
export const andThen = async <A, B>(from: Seen<A>, next: (value: A) => Promise<Seen<B>>): Promise<Seen<B>> =>
  from.kind === 'seen' ? next(from.value) : from;

export const seenAs = <A, B>(from: Seen<A>, as: (value: A) => B): Seen<B> =>
  from.kind === 'seen' ? { kind: 'seen', value: as(from.value) } : from;

/** The first hidden or failed one counts for all. */
export const allSeen = <T>(found: readonly Seen<T>[]): Seen<readonly T[]> =>
  found.find((one) => one.kind !== 'seen') ?? {
    kind: 'seen',
    value: found.flatMap((one) => (one.kind === 'seen' ? [one.value] : [])),
  };
