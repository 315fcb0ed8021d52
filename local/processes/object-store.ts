/** Stores objects like the API server: with versions and an optimistic lock; an apply without a difference writes nothing. */
import { isDeepStrictEqual } from 'node:util';
import type { Deployment } from 'kubernetes-types/apps/v1.js';
import type { Manifest } from '../../operator/resources/manifest.ts';

export interface StoredObject<Kind extends Manifest = Manifest> {
  /** As applied; Deployments without replicas. */
  readonly manifest: Kind;
  /** Of a Deployment; 0 for every other kind. */
  readonly replicas: number;
  readonly resourceVersion: string;
}

interface ObjectKey {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

export const keyOf = (manifest: Manifest): ObjectKey => ({
  kind: manifest.kind ?? '',
  namespace: manifest.metadata?.namespace ?? 'default',
  name: manifest.metadata?.name ?? '',
});

const text = ({ kind, namespace, name }: ObjectKey): string => `${kind}/${namespace}/${name}`;

export const isDeployment = (manifest: Manifest): manifest is Deployment => manifest.kind === 'Deployment';

/** Plain JSON without replicas, for comparison of two applies. */
const applied = <Kind extends Manifest>(manifest: Kind): Kind => {
  const copy: Kind = JSON.parse(JSON.stringify(manifest));
  if (isDeployment(copy)) delete copy.spec?.replicas;
  return copy;
};

export class ObjectStore {
  readonly #objects = new Map<string, StoredObject>();
  #version = 0;

  /** @throws Error when an object of that name exists */
  create(manifest: Manifest): StoredObject {
    const key = keyOf(manifest);
    if (this.#objects.has(text(key))) throw new Error(`${text(key)} already exists`);
    // 1 is the default of the API server.
    const replicas = isDeployment(manifest) ? (manifest.spec?.replicas ?? 1) : 0;
    return this.#put(key, { manifest: applied(manifest), replicas });
  }

  /** Undefined when nothing differs. Creates an absent object, as server-side apply does. */
  apply(manifest: Manifest): StoredObject | undefined {
    const key = keyOf(manifest);
    const old = this.#objects.get(text(key));
    if (old === undefined) return this.create(applied(manifest));
    const next = applied(manifest);
    if (isDeepStrictEqual(next, old.manifest)) return undefined;
    return this.#put(key, { manifest: next, replicas: old.replicas });
  }

  /** @throws Error when there is no such Deployment */
  scale(namespace: string, name: string, replicas: number, resourceVersion: string): 'written' | 'conflict' {
    const key = { kind: 'Deployment', namespace, name };
    const old = this.#objects.get(text(key));
    if (old === undefined) throw new Error(`${text(key)} not found`);
    if (old.resourceVersion !== resourceVersion) return 'conflict';
    if (old.replicas !== replicas) this.#put(key, { manifest: old.manifest, replicas });
    return 'written';
  }

  /** @throws Error when the object changed meanwhile; one that is gone is success */
  remove(key: ObjectKey, resourceVersion: string): void {
    const old = this.#objects.get(text(key));
    if (old !== undefined && old.resourceVersion !== resourceVersion) throw new Error(`${text(key)} has changed`);
    this.#objects.delete(text(key));
  }

  get(key: ObjectKey): StoredObject | undefined {
    return this.#objects.get(text(key));
  }

  #put(key: ObjectKey, object: Omit<StoredObject, 'resourceVersion'>): StoredObject {
    this.#version += 1;
    const stored = { ...object, resourceVersion: String(this.#version) };
    this.#objects.set(text(key), stored);
    return stored;
  }
}
