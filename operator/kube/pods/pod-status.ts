/** A pod's `spec` and `status`, as far as pod-trouble.ts reads them. */
import { z } from 'zod';

const WORD = z.string().default('');
const terminated = z.object({
  reason: WORD,
  message: WORD,
  exitCode: z.number().default(0),
  finishedAt: z.string().nullish(),
});
const containerStatus = z.object({
  name: WORD,
  ready: z.boolean().default(false),
  started: z.boolean().nullish(),
  state: z
    .object({
      waiting: z.object({ reason: WORD, message: WORD }).optional(),
      running: z.object({ startedAt: z.string().nullish() }).optional(),
      terminated: terminated.optional(),
    })
    .default({}),
  lastState: z.object({ terminated: terminated.optional() }).default({}),
});
export type ContainerEnd = z.infer<typeof terminated>;
export type ContainerStatus = z.infer<typeof containerStatus>;

export const troubleSchema = z.object({
  spec: z.object({
    nodeName: z.string().optional(),
    schedulingGates: z.array(z.object({ name: WORD })).default([]),
    initContainers: z.array(z.object({ name: WORD, restartPolicy: z.string().optional() })).default([]),
  }),
  status: z
    .object({
      phase: WORD,
      reason: WORD,
      message: WORD,
      startTime: z.string().nullish(),
      conditions: z
        .array(
          z.object({
            type: z.string(),
            status: z.string(),
            reason: z.string().optional(),
            message: z.string().optional(),
            lastTransitionTime: z.string().nullish(),
          }),
        )
        .default([]),
      initContainerStatuses: z.array(containerStatus).default([]),
      containerStatuses: z.array(containerStatus).default([]),
    })
    .prefault({}),
});
export type TroubledPod = z.infer<typeof troubleSchema>;
export type PodCondition = TroubledPod['status']['conditions'][number];
