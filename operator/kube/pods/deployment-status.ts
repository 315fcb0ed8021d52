/** A Deployment's `spec` and `status`, as far as tiers are judged by them. Pure. */
import { z } from 'zod';
import type { KubeObject } from '../objects.ts';

const WORD = z.string().default('');
const COUNT = z.number().default(0);
const schema = z.object({
  spec: z
    .object({
      replicas: z.number().default(1),
      paused: z.boolean().default(false),
      strategy: z
        .object({ rollingUpdate: z.object({ maxSurge: z.union([z.number(), z.string()]).default(0) }).optional() })
        .default({}),
    })
    .prefault({}),
  status: z
    .object({
      observedGeneration: COUNT,
      replicas: COUNT,
      updatedReplicas: COUNT,
      availableReplicas: COUNT,
      readyReplicas: COUNT,
      conditions: z
        .array(
          z.object({
            type: z.string(),
            status: WORD,
            reason: WORD,
            message: WORD,
            lastUpdateTime: z.string().optional(),
          }),
        )
        .default([]),
    })
    .prefault({}),
});
export type DeploymentSeen = z.infer<typeof schema>;

export const deploymentOf = (deployment: KubeObject): DeploymentSeen => schema.parse(deployment);

/** The condition of a rollout that the controller gave up. */
export const gaveUpIn = ({ conditions }: DeploymentSeen['status']) =>
  conditions.find(({ type, reason }) => type === 'Progressing' && reason === 'ProgressDeadlineExceeded');

/**
 * | controller has seen the spec | pods of an older template | gave up | rolling out |
 * |------------------------------|---------------------------|---------|-------------|
 * | no                           | any                       | any     | yes         |
 * | yes                          | none                      | any     | no          |
 * | yes                          | some                      | no      | yes         |
 * | yes                          | some                      | yes     | no: a broken image would hold the size for good |
 */
export const isRollingOut = (deployment: KubeObject): boolean => {
  const { status } = deploymentOf(deployment);
  if (status.observedGeneration < (deployment.metadata.generation ?? 0)) return true;
  return status.updatedReplicas < status.replicas && gaveUpIn(status) === undefined;
};
