/** Reading for the doctor: what is not to be read is a fact too. */
import { isKubeError } from '../../operator/kube/errors.ts';
import { type KubeObject, parseObject, parsePage } from '../../operator/kube/objects.ts';
import type { ApiResource } from '../../operator/kube/resources.ts';
import type { Api } from '../access.ts';
import type { Seen } from './facts.ts';

export interface Look {
  readonly resource: ApiResource;
  /** Absent: of the whole cluster. */
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly metadataOnly?: 'list';
}

const PAGE = '500';

/** As whoever may would call it. */
const commandOf = ({ resource: { plural }, namespace }: Look, name?: string): string =>
  `kubectl get ${plural}${name === undefined ? '' : ` ${name}`}${namespace === undefined ? '' : ` -n ${namespace}`}`;

const seen = async <T>(command: string, look: () => Promise<T>): Promise<Seen<T>> => {
  try {
    return { kind: 'seen', value: await look() };
  } catch (error) {
    if (isKubeError(error, 'forbidden')) return { kind: 'hidden', command };
    // Nobody answers at all: the doctor has nothing to say.
    if (isKubeError(error, 'connection', 'timeout', 'unauthorized')) throw error;
    return { kind: 'failed', message: error instanceof Error ? error.message : String(error) };
  }
};

export interface Reader {
  list<T>(look: Look, keep: (object: KubeObject) => T): Promise<Seen<readonly T[]>>;
  /** Undefined: there is none of that name. */
  get<T>(look: Look, name: string, keep: (object: KubeObject) => T): Promise<Seen<T | undefined>>;
}

export const createReader = ({ client }: Pick<Api, 'client'>, signal: AbortSignal): Reader => ({
  list: ({ resource, namespace, metadataOnly, ...selectors }, keep) =>
    seen(commandOf({ resource, ...(namespace === undefined ? {} : { namespace }) }), async () => {
      const objects: KubeObject[] = [];
      let next: string | undefined;
      do {
        const query = { limit: PAGE, continue: next, ...selectors };
        const what = metadataOnly === undefined ? {} : { metadataOnly };
        const page = parsePage(await client.call({ resource, namespace, verb: 'list', query, ...what }, signal));
        objects.push(...page.items.map(parseObject));
        next = page.next;
      } while (next !== undefined);
      return objects.map(keep);
    }),
  get: (look, name, keep) =>
    seen(commandOf(look, name), async () => {
      const { resource, namespace } = look;
      try {
        return keep(parseObject(await client.call({ resource, namespace, name, verb: 'get' }, signal)));
      } catch (error) {
        if (isKubeError(error, 'not_found')) return undefined;
        throw error;
      }
    }),
});

/** What follows from something seen; hidden and failed stay what they are. */
export const andThen = async <A, B>(from: Seen<A>, next: (value: A) => Promise<Seen<B>>): Promise<Seen<B>> =>
  from.kind === 'seen' ? next(from.value) : from;
