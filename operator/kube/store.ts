/** The last known objects of one kind, written by informers and with the answers to writes. */
import type { KubeMetadata } from './objects.ts';

export interface Stored {
  readonly metadata: Pick<KubeMetadata, 'name' | 'namespace' | 'uid' | 'resourceVersion'>;
}

export type Change<T> =
  | { readonly kind: 'added'; readonly object: T }
  | { readonly kind: 'updated'; readonly object: T; readonly before: T }
  | { readonly kind: 'deleted'; readonly object: T };

export interface StoreOptions<T> {
  /** Objects with equal keys are found together; undefined leaves one out. */
  readonly indexBy?: (object: T) => string | undefined;
  readonly onChange: (change: Change<T>) => void;
  /** A listener that throws must not make the store lose the event. */
  readonly onListenerError: (error: unknown) => void;
}

const DIGITS = /^\d+$/;
/** They have 64 bits, and a JavaScript number 53. */
const wholeOf = (version: string): bigint | undefined => (DIGITS.test(version) ? BigInt(version) : undefined);

/** As numbers: later writes have greater ones (KEP 5504, etcd's revisions). One that is no number counts as newer. */
const isOlder = (version: string, than: string): boolean => {
  const [a, b] = [wholeOf(version), wholeOf(than)];
  return a !== undefined && b !== undefined && a < b;
};

export class Store<T extends Stored> {
  readonly #options: StoreOptions<T>;
  readonly #namespaces = new Map<string, Map<string, T>>();
  readonly #index = new Map<string, Map<string, T>>();
  /** By namespace, or '' for a watch over all: everything up to this version has been delivered. */
  readonly #reached = new Map<string, string>();

  constructor(options: StoreOptions<T>) {
    this.#options = options;
  }

  get(namespace: string, name: string): T | undefined {
    return this.#namespaces.get(namespace)?.get(name);
  }

  *list(namespace?: string): IterableIterator<T> {
    if (namespace !== undefined) {
      yield* this.#namespaces.get(namespace)?.values() ?? [];
      return;
    }
    for (const objects of this.#namespaces.values()) yield* objects.values();
  }

  byIndex(word: string): IterableIterator<T> {
    return (this.#index.get(word) ?? new Map<string, T>()).values();
  }

  get size(): number {
    let size = 0;
    for (const objects of this.#namespaces.values()) size += objects.size;
    return size;
  }

  /** An informer has delivered everything up to this version, of one namespace or of all. */
  reached(resourceVersion: string, namespace: string | undefined): void {
    this.#reached.set(namespace ?? '', resourceVersion);
  }

  /** The answer to a write of ours, for the next read. Dropped when the watch is past it: the object may be deleted since. */
  observe(object: T): void {
    const { namespace, resourceVersion } = object.metadata;
    const reached = this.#reached.get(namespace) ?? this.#reached.get('');
    if (reached !== undefined && isOlder(reached, resourceVersion)) this.put(object);
  }

  /** Stores the object unless a newer one is there; an authoritative one always. */
  put(object: T, isAuthoritative = false): void {
    const { namespace, name, uid, resourceVersion } = object.metadata;
    const before = this.get(namespace, name);
    if (before === undefined) {
      this.#set(object);
      this.#tell({ kind: 'added', object });
      return;
    }
    const known = before.metadata;
    if (known.uid === uid && known.resourceVersion === resourceVersion) return;
    if (!isAuthoritative && isOlder(resourceVersion, known.resourceVersion)) return;
    this.#unset(before);
    this.#set(object);
    if (known.uid === uid) {
      this.#tell({ kind: 'updated', object, before });
      return;
    }
    // Deleted and created again without a watch: two events, as with one.
    this.#tell({ kind: 'deleted', object: before });
    this.#tell({ kind: 'added', object });
  }

  /** Removes the object, unless the stored one has another uid or is newer than `resourceVersion`. */
  remove({ metadata: { namespace, name, uid } }: Stored, resourceVersion: string): void {
    const known = this.get(namespace, name);
    if (known === undefined || known.metadata.uid !== uid) return;
    if (isOlder(resourceVersion, known.metadata.resourceVersion)) return;
    this.#unset(known);
    this.#tell({ kind: 'deleted', object: known });
  }

  /**
   * Replaces a namespace (or all) by a list of that version. What was written after the list is kept; unless the list is
   * older than what was seen before: then the server was restored from a backup, and the list counts.
   */
  replace(objects: readonly T[], resourceVersion: string, namespace: string | undefined): void {
    const before = this.#reached.get(namespace ?? '');
    const isRestored = before !== undefined && isOlder(resourceVersion, before);
    const listed = new Set(objects.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`));
    const gone = [...this.list(namespace)].filter(
      ({ metadata }) => !listed.has(`${metadata.namespace}/${metadata.name}`),
    );
    for (const object of gone) this.remove(object, isRestored ? object.metadata.resourceVersion : resourceVersion);
    for (const object of objects) this.put(object, isRestored);
    this.reached(resourceVersion, namespace);
  }

  #set(object: T): void {
    const { namespace, name } = object.metadata;
    const objects = this.#namespaces.get(namespace) ?? new Map<string, T>();
    objects.set(name, object);
    this.#namespaces.set(namespace, objects);
    const word = this.#options.indexBy?.(object);
    if (word === undefined) return;
    const indexed = this.#index.get(word) ?? new Map<string, T>();
    indexed.set(`${namespace}/${name}`, object);
    this.#index.set(word, indexed);
  }

  #unset(object: T): void {
    const { namespace, name } = object.metadata;
    const objects = this.#namespaces.get(namespace);
    objects?.delete(name);
    if (objects?.size === 0) this.#namespaces.delete(namespace);
    const word = this.#options.indexBy?.(object);
    if (word === undefined) return;
    const indexed = this.#index.get(word);
    indexed?.delete(`${namespace}/${name}`);
    if (indexed?.size === 0) this.#index.delete(word);
  }

  #tell(change: Change<T>): void {
    try {
      this.#options.onChange(change);
    } catch (error) {
      this.#options.onListenerError(error);
    }
  }
}
