/** Job controller: one pod, whose process is started again until it ends without an error. */
import { randomBytes } from 'node:crypto';
import type { Job } from 'kubernetes-types/batch/v1.js';
import { LABELS } from '../../contract/names.ts';
import type { StoredObject } from './object-store.ts';
import { Pod, type PodWorld } from './pod.ts';

export interface JobRun {
  readonly namespace: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly pod: Pod;
}

/** Its limits of time and failures are not kept: an embedded campaign is over before. */
export const startJob = (namespace: string, name: string, { manifest }: StoredObject<Job>, world: PodWorld): JobRun => {
  const { metadata, spec } = manifest.spec?.template ?? {};
  if (spec === undefined) throw new Error(`Job ${name} has no pod template`);
  const labels = metadata?.labels ?? {};
  const identity = {
    name: `${name}-${randomBytes(3).toString('hex')}`,
    namespace,
    labels,
    revision: '',
    createdAtMs: Date.now(),
  };
  const pod = new Pod(identity, labels[LABELS.component] ?? 'other', spec, world, () => undefined);
  return { namespace, name, labels: manifest.metadata?.labels ?? {}, pod };
};
