/**
 * Writes the objects of campaigns by the ownership rules of docs/architecture.md, and only when something differs.
 *
 * | object                          | write                                                                       |
 * |---------------------------------|-----------------------------------------------------------------------------|
 * | Deployment, absent              | POST by voucher-operator-init with the wanted replicas                      |
 * | Job, absent                     | POST by voucher-operator-init; never applied, because it can't be changed   |
 * | any other kind, absent          | server-side apply by voucher-operator                                       |
 * | there, something of ours differs | the same apply; a Deployment's never has replicas, and never creates one   |
 * | Deployment that init still owns | init gives up all fields but replicas, or a field that we drop would remain |
 * | there, nothing of ours differs  | none                                                                        |
 * | a Deployment whose tier is gone | deleted, in the version that was observed                                   |
 * | there, another's                | refused: taking it over would delete it together with the campaign          |
 */
import { hash } from 'node:crypto';
import type { Deployment } from 'kubernetes-types/apps/v1.js';
import { FIELD_MANAGER, INIT_FIELD_MANAGER } from '../../contract/names.ts';
import { isDeployment } from '../resources/deployment.ts';
import type { Manifest } from '../resources/manifest.ts';
import type { ManifestWriter } from '../tick/ports.ts';
import { DEPLOYMENTS, describeTarget, type Target } from './api-resources.ts';
import type { KubeClient } from './client.ts';
import { ifFound, isKubeError } from './errors.ts';
import { type KubeObject, parseObject } from './objects.ts';
import { differenceOf, ownsMoreThanReplicas } from './owned-fields.ts';
import { controllerUidOf, keepOwned, resourceOf, wantedOwnerUid } from './owned-objects.ts';
import type { Store } from './store.ts';

export interface ManifestWriterOptions {
  readonly client: KubeClient;
  /** By plural; an object that is not in it may still exist. */
  readonly stores: ReadonlyMap<string, Store<KubeObject>>;
  /** The changes of an apply, and those that it could not make: for logs. */
  readonly onApply?: (report: {
    readonly object: string;
    readonly difference: string;
    readonly isRepeated: boolean;
  }) => void;
}

/** Another owner's object has the name that this campaign needs. */
export class ForeignObjectError extends Error {
  override readonly name = 'ForeignObjectError';
  readonly kind = 'foreign_object';
  readonly isRefusal = true;

  get said(): string {
    return this.message;
  }
}

/** What was last applied to which version: an apply that changed nothing is not repeated. */
interface Applied {
  readonly uid: string;
  readonly resourceVersion: string;
  /** Of the manifest: a thousand campaigns have ten each. */
  readonly digest: string;
}
interface Answered {
  /** As it is kept. */
  readonly object: KubeObject;
  /** With the managedFields of all managers. */
  readonly raw: KubeObject;
}
type Live = Pick<Answered, 'object'> & Partial<Answered>;

/** A thousand campaigns have fewer. */
const MAX_REMEMBERED = 20_000;

const digestOf = (manifest: Manifest): string => hash('sha256', JSON.stringify(manifest), 'base64');

export const createManifestWriter = ({ client, stores, onApply }: ManifestWriterOptions): ManifestWriter => {
  type Send = KubeClient['call'];
  /** Behind those of other campaigns. */
  const inTurn: Send = (call, signal) => client.call({ ...call, lane: 'object' }, signal);
  const applied = new Map<string, Applied>();
  /** Live object → digest of a manifest without a difference to it: most ticks compare the same two again. */
  const equal = new WeakMap<KubeObject, string>();

  const targetOf = (manifest: Manifest): Target => ({
    resource: resourceOf(manifest),
    namespace: manifest.metadata?.namespace,
    name: manifest.metadata?.name,
  });

  const storeOf = ({ resource }: Target): Store<KubeObject> | undefined => stores.get(resource.plural);

  const observed = (target: Target, answer: unknown): Answered => {
    const raw = parseObject(answer);
    const object = keepOwned(raw);
    storeOf(target)?.observe(object);
    return { object, raw };
  };

  /** From the store, else from the server: an object without our label is not in the store. */
  const find = async (target: Target, send: Send, signal: AbortSignal): Promise<KubeObject | undefined> => {
    const known = storeOf(target)?.get(target.namespace ?? '', target.name ?? '');
    if (known !== undefined) return known;
    const found = await ifFound(send({ ...target, verb: 'get' }, signal));
    return found === undefined ? undefined : observed(target, found).object;
  };

  const assertOurs = (manifest: Manifest, live: KubeObject, target: Target): void => {
    const what = describeTarget(target);
    if (live.metadata.deletionTimestamp !== undefined) throw new Error(`${what} is still being deleted`);
    if (controllerUidOf(live) === wantedOwnerUid(manifest)) return;
    const [owner] = live.metadata.ownerReferences ?? [];
    const whose = owner === undefined ? 'no known owner' : `${owner.kind} ${owner.name} (${owner.uid})`;
    throw new ForeignObjectError(
      `${what} exists and belongs to ${whose}. Create the campaign under another metadata.name, or delete that object once you are certain that nothing uses it.`,
    );
  };

  const isRepeated = (text: string, digest: string, { metadata: { uid, resourceVersion } }: KubeObject): boolean => {
    const last = applied.get(text);
    return last?.uid === uid && last.resourceVersion === resourceVersion && last.digest === digest;
  };

  const applyTo = async (
    manifest: Manifest,
    live: KubeObject | undefined,
    target: Target,
    send: Send,
    signal: AbortSignal,
  ): Promise<Live> => {
    const text = describeTarget(target);
    const digest = digestOf(manifest);
    if (live !== undefined) {
      if (equal.get(live) === digest) return { object: live };
      const difference = differenceOf(manifest, live, FIELD_MANAGER);
      if (difference === undefined) {
        equal.set(live, digest);
        return { object: live };
      }
      const repeated = isRepeated(text, digest, live);
      onApply?.({ object: text, difference, isRepeated: repeated });
      if (repeated) return { object: live };
    }
    const { metadata } = manifest;
    // With a uid the apply changes only that very object: without it, one that was deleted a moment ago would be created
    // again, a Deployment with one replica.
    const body = live === undefined ? manifest : { ...manifest, metadata: { ...metadata, uid: live.metadata.uid } };
    const query = { fieldManager: FIELD_MANAGER, force: 'true' };
    const next = observed(target, await send({ ...target, verb: 'apply', query, body, isOnce: true }, signal));
    if (applied.size >= MAX_REMEMBERED) applied.clear();
    const { uid, resourceVersion } = next.object.metadata;
    applied.set(text, { uid, resourceVersion, digest });
    return next;
  };

  /** client-go's csaupgrade does the same for objects that were once created by `kubectl create`. */
  const letGo = async (live: Live, target: Target, send: Send, signal: AbortSignal): Promise<void> => {
    const isInit = (entry: { manager?: string | undefined; subresource?: string | undefined }): boolean =>
      entry.manager === INIT_FIELD_MANAGER && (entry.subresource ?? '') === '';
    if (!ownsMoreThanReplicas(live.object.metadata.managedFields?.find(isInit)?.fieldsV1)) return;
    // Kept as well: until a late watch shows what was done, each tick would read it again.
    const raw = live.raw ?? observed(target, await send({ ...target, verb: 'get' }, signal)).raw;
    const index = raw.metadata.managedFields?.findIndex(isInit) ?? -1;
    const fields = raw.metadata.managedFields?.[index]?.fieldsV1;
    if (fields === undefined || !ownsMoreThanReplicas(fields)) return;
    const spec = fields['f:spec'];
    const keepsReplicas = typeof spec === 'object' && spec !== null && 'f:replicas' in spec;
    const path = `/metadata/managedFields/${index}`;
    const body = [
      { op: 'test', path: '/metadata/resourceVersion', value: raw.metadata.resourceVersion },
      keepsReplicas
        ? { op: 'replace', path: `${path}/fieldsV1`, value: { 'f:spec': { 'f:replicas': {} } } }
        : { op: 'remove', path },
    ];
    try {
      const query = { fieldManager: FIELD_MANAGER };
      observed(target, await send({ ...target, verb: 'patch', query, body }, signal));
    } catch (error) {
      // The object changed in between: the next tick tries again.
      if (!isKubeError(error, 'conflict', 'invalid')) throw error;
    }
  };

  const apply: ManifestWriter['apply'] = async (manifest, signal, isUrgent = false) => {
    const target = targetOf(manifest);
    const send = isUrgent ? client.call : inTurn;
    const live = await find(target, send, signal);
    if (live !== undefined) assertOurs(manifest, live, target);
    else if (isDeployment(manifest)) throw new Error(`${describeTarget(target)} is gone; the next tick creates it`);
    const next = await applyTo(manifest, live, target, send, signal);
    if (isDeployment(manifest)) await letGo(next, target, send, signal);
  };

  const create: ManifestWriter['create'] = async (manifest, signal) => {
    const target = targetOf(manifest);
    try {
      const query = { fieldManager: INIT_FIELD_MANAGER };
      const { name: _name, ...collection } = target;
      // Not behind other manifests: its replicas were authorised a moment ago.
      observed(target, await client.call({ ...collection, verb: 'create', query, body: manifest }, signal));
    } catch (error) {
      if (!isKubeError(error, 'already_exists')) throw error;
      const live = await find(target, client.call, signal);
      if (live !== undefined) {
        assertOurs(manifest, live, target);
        // Ours, but without our labels. The next tick goes on with it. A Job can't be changed.
        if (isDeployment(manifest)) await applyTo(withoutReplicas(manifest), live, target, client.call, signal);
      }
      throw error;
    }
  };

  const remove: ManifestWriter['remove'] = async ({ resourceVersion, ...deployment }, signal) => {
    const body = { preconditions: { resourceVersion }, propagationPolicy: 'Background' };
    await ifFound(client.call({ resource: DEPLOYMENTS, ...deployment, verb: 'delete', body }, signal));
  };

  return { create, apply, remove };
};

const withoutReplicas = (manifest: Deployment): Deployment => {
  if (manifest.spec === undefined) return manifest;
  const { replicas: _replicas, ...spec } = manifest.spec;
  return { ...manifest, spec };
};
