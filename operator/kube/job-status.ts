/** How far a Job of ours is. */
import { z } from 'zod';
import type { ObservedJob } from '../tick/cluster-view.ts';
import type { KubeObject } from './objects.ts';

const schema = z.object({
  status: z
    .object({
      conditions: z.array(z.object({ type: z.string(), status: z.string() })).default([]),
      failed: z.number().default(0),
      ready: z.number().default(0),
    })
    .default({ conditions: [], failed: 0, ready: 0 }),
});

/** Its controller sets one of the two conditions when the Job is over, and none before. */
export const jobOf = (object: KubeObject): ObservedJob => {
  const { conditions, failed, ready } = schema.parse(object).status;
  const has = (wanted: string): boolean => conditions.some(({ type, status }) => type === wanted && status === 'True');
  const atWork = ready > 0 ? 'running' : 'starting';
  return {
    name: object.metadata.name,
    state: has('Complete') ? 'done' : has('Failed') ? 'failed' : atWork,
    failedPods: failed,
  };
};
