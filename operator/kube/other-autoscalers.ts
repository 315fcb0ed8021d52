/** Autoscalers of others (also KEDA's), as far as it matters here: which Deployment each of them writes. */
import { z } from 'zod';
import type { KubeObject } from './objects.ts';
import type { Stored } from './store.ts';

export interface OtherAutoscaler extends Stored {
  /** `NAMESPACE/NAME` of the Deployment; undefined when it targets something else. */
  readonly deploymentKey: string | undefined;
}

const target = z.object({ spec: z.object({ scaleTargetRef: z.object({ kind: z.string(), name: z.string() }) }) });

/** The rest is dropped: a cluster may have thousands. */
export const keepAutoscaler = (object: KubeObject): OtherAutoscaler => {
  const { name, namespace, uid, resourceVersion } = object.metadata;
  const { data } = target.safeParse(object);
  const to = data?.spec.scaleTargetRef;
  return {
    metadata: { name, namespace, uid, resourceVersion },
    deploymentKey: to?.kind === 'Deployment' ? `${namespace}/${to.name}` : undefined,
  };
};
