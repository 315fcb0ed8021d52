/** Deployment and ReplicaSet controller in one: keeps the pods of one Deployment as its manifest and replicas say. */
import { createHash, randomBytes } from 'node:crypto';
import type { Deployment } from 'kubernetes-types/apps/v1.js';
import { LABELS } from '../../contract/names.ts';
import type { StoredObject } from './object-store.ts';
import { Pod, type PodWorld } from './pod.ts';
import { rolloutStep } from './rollout.ts';

const revisionOf = (template: unknown): string =>
  createHash('sha256').update(JSON.stringify(template)).digest('hex').slice(0, 10);

export class Workload {
  readonly namespace: string;
  readonly name: string;
  readonly #world: PodWorld;
  readonly #pods = new Set<Pod>();
  object: StoredObject<Deployment>;
  #stopped = false;

  constructor(namespace: string, name: string, object: StoredObject<Deployment>, world: PodWorld) {
    this.namespace = namespace;
    this.name = name;
    this.object = object;
    this.#world = world;
    this.#reconcile();
  }

  /** Including those that are ending. */
  get pods(): readonly Pod[] {
    return [...this.#pods];
  }

  update(object: StoredObject<Deployment>): void {
    this.object = object;
    this.#reconcile();
  }

  /** Ends every pod. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const pod of this.#pods) pod.end();
    await Promise.all([...this.#pods].map((pod) => pod.done));
  }

  #reconcile(): void {
    const { manifest, replicas } = this.object;
    if (this.#stopped || manifest.spec === undefined) return;
    const { template, strategy } = manifest.spec;
    const revision = revisionOf(template);
    const live = [...this.#pods].filter((pod) => !pod.terminating);
    const { create, remove } = rolloutStep(live, revision, replicas, strategy?.rollingUpdate);
    for (const pod of remove) pod.end();
    for (let made = 0; made < create; made += 1) this.#create(revision);
  }

  #create(revision: string): void {
    const { metadata, spec } = this.object.manifest.spec?.template ?? {};
    if (spec === undefined) throw new Error(`Deployment ${this.name} has no pod template`);
    const labels = metadata?.labels ?? {};
    const identity = {
      name: `${this.name}-${revision}-${randomBytes(3).toString('hex')}`,
      namespace: this.namespace,
      labels,
      revision,
      createdAtMs: Date.now(),
    };
    const pod = new Pod(identity, labels[LABELS.component] ?? 'other', spec, this.#world, () => this.#reconcile());
    this.#pods.add(pod);
    void pod.done.finally(() => this.#pods.delete(pod)).catch(() => undefined);
  }
}
