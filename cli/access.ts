/** Access to the cluster that the options choose, with the credentials of the user's kubeconfig and nothing else. */
import type { Command } from 'commander';
import { defined } from '../contract/defined.ts';
import { createKubeAccess, type KubeAccess } from '../operator/kube/access.ts';
import { type ApiCall, createKubeClient, type KubeClient } from '../operator/kube/client.ts';
import { type KubeObject, parseObject, parsePage } from '../operator/kube/objects.ts';
import { systemClock } from '../runtime/clock.ts';
import { explained } from './api-errors.ts';
import type { Io } from './io.ts';

export interface ClusterOptions {
  readonly namespace?: string;
  readonly context?: string;
  readonly kubeconfig?: string;
}

export const withClusterOptions = (command: Command): Command =>
  command
    .option('-n, --namespace <name>', 'namespace of the campaign (default: that of the context)')
    .option('--context <name>', 'context of the kubeconfig')
    .option('--kubeconfig <file>', 'instead of KUBECONFIG and ~/.kube/config');

export interface Api {
  readonly access: KubeAccess;
  readonly client: KubeClient;
  readonly namespace: string;
}

/** Runs `work` on the chosen cluster. @throws UsageError, ForbiddenError or Error whose message says what to do */
export const onApi = async <T>(
  { namespace, context, kubeconfig }: ClusterOptions,
  { env }: Pick<Io, 'env'>,
  work: (api: Api) => Promise<T>,
): Promise<T> => {
  let server = 'the kubeconfig’s server';
  let where = namespace ?? '';
  try {
    const { monotonicMs } = systemClock;
    const access = createKubeAccess({ env, monotonicMs, ...defined({ kubeconfig, context }) });
    server = access.server;
    where = namespace ?? access.namespace;
    const client = createKubeClient({ access, clock: systemClock, random: Math.random, userAgent: 'kubectl-voucher' });
    try {
      return await work({ access, client, namespace: where });
    } finally {
      await access.close();
    }
  } catch (error) {
    throw explained(error, where, server);
  }
};

const PAGE = '500';

export const listAll = async (
  client: KubeClient,
  what: Pick<ApiCall, 'resource' | 'namespace' | 'metadataOnly'>,
  selectors: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal,
): Promise<readonly KubeObject[]> => {
  const objects: KubeObject[] = [];
  let next: string | undefined;
  do {
    const query = { limit: PAGE, continue: next, ...selectors };
    const page = parsePage(await client.call({ ...what, verb: 'list', query }, signal));
    objects.push(...page.items.map(parseObject));
    next = page.next;
  } while (next !== undefined);
  return objects;
};
