/** Whether a Deployment's new template is still being rolled out. Pure. */
import { z } from 'zod';
import type { KubeObject } from '../objects.ts';

const schema = z.object({
  status: z
    .object({
      observedGeneration: z.number().default(0),
      replicas: z.number().default(0),
      updatedReplicas: z.number().default(0),
      conditions: z.array(z.object({ type: z.string(), reason: z.string().default('') })).default([]),
    })
    .default({ observedGeneration: 0, replicas: 0, updatedReplicas: 0, conditions: [] }),
});

/**
 * | controller has seen the spec | pods of an older template | gave up | rolling out |
 * |------------------------------|---------------------------|---------|-------------|
 * | no                           | any                       | any     | yes         |
 * | yes                          | none                      | any     | no          |
 * | yes                          | some                      | no      | yes         |
 * | yes                          | some                      | yes     | no: a broken image would hold the size for good |
 */
export const isRollingOut = (deployment: KubeObject): boolean => {
  const { status } = schema.parse(deployment);
  if (status.observedGeneration < (deployment.metadata.generation ?? 0)) return true;
  const gaveUp = status.conditions.some(
    ({ type, reason }) => type === 'Progressing' && reason === 'ProgressDeadlineExceeded',
  );
  return status.updatedReplicas < status.replicas && !gaveUp;
};

/** Pods of the newest template. */
export const updatedOf = (deployment: KubeObject): number => schema.parse(deployment).status.updatedReplicas;
