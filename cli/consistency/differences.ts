/** The rows that differ, from the pod of the Job `compare`, through the API server. */
import { z } from 'zod';
import { ADMIN_PATHS, PORTS } from '../../contract/app-contract.ts';
import type { DifferencesReport } from '../../contract/compare.ts';
import { LABELS, tierName } from '../../contract/names.ts';
import { PODS } from '../../operator/kube/api-resources.ts';
import { isKubeError } from '../../operator/kube/errors.ts';
import { readText } from '../../runtime/read-text.ts';
import { type Api, listAll } from '../access.ts';
import { ForbiddenError, UsageError } from '../errors.ts';

const MAX_BYTES = 1024 * 1024;
const WITHIN_MS = 10_000;

const pod = z.object({ status: z.object({ phase: z.string().optional() }).default({}) });
const report = z.object({
  comparedAt: z.string().exactOptional(),
  rows: z.int().min(0),
  buckets: z.int().min(0),
  differences: z.array(
    z.object({
      table: z.string(),
      bucket: z.int(),
      receipt: z.string(),
      fact: z.string().exactOptional(),
      what: z.union([z.enum(['missing', 'extra']), z.array(z.string())]),
    }),
  ),
});

/** @throws UsageError while no pod compares; ForbiddenError that names the permission */
export const readDifferences = async (
  { client }: Pick<Api, 'client'>,
  { namespace, name }: { readonly namespace: string; readonly name: string },
): Promise<DifferencesReport> => {
  const own = tierName(name, 'compare');
  const signal = AbortSignal.timeout(WITHIN_MS);
  try {
    const labelSelector = `${LABELS.campaign}=${name},${LABELS.component}=compare`;
    const pods = await listAll(client, { resource: PODS, namespace }, { labelSelector }, signal);
    const running = pods.find((one) => pod.parse(one).status.phase === 'Running');
    if (running === undefined) {
      throw new UsageError(
        `no pod of Job ${own} runs, so no list can be read: kubectl describe job ${own} -n ${namespace} says why. It runs from opening until the list of the draw is made`,
      );
    }
    const target = {
      resource: PODS,
      namespace,
      name: `${running.metadata.name}:${PORTS.admin}`,
      subresource: `proxy${ADMIN_PATHS.differences}`,
    };
    const body = await client.open({ ...target, verb: 'get' }, signal);
    return report.parse(JSON.parse(await readText(body, MAX_BYTES)));
  } catch (error) {
    if (!isKubeError(error, 'forbidden')) throw error;
    throw new ForbiddenError(
      `you lack permission to list pods and to get pods/proxy in namespace ${namespace} (${error.message}). The log of the Job has the first list: kubectl logs job/${own} -n ${namespace}`,
    );
  }
};
