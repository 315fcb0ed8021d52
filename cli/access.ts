/** The cluster that the options of a command choose, with the credentials of the user's kubeconfig and nothing else. */
import { type Command, Option } from 'commander';
import { createKubeAccess, type KubeAccess } from '../operator/kube/access.ts';
import { createKubeClient, type KubeClient } from '../operator/kube/client.ts';
import { systemClock } from '../runtime/clock.ts';
import type { Io } from './io.ts';
import { explained } from './refusals.ts';

export interface ClusterOptions {
  readonly namespace?: string;
  readonly context?: string;
  readonly kubeconfig?: string;
}

export const withClusterOptions = (command: Command): Command =>
  command
    .addOption(
      new Option('-n, --namespace <name>', 'where the campaign is; the namespace of the context unless stated'),
    )
    .option('--context <name>', 'context of the kubeconfig')
    .option('--kubeconfig <file>', 'instead of KUBECONFIG and ~/.kube/config');

export interface Api {
  readonly access: KubeAccess;
  readonly client: KubeClient;
  /** Of the option, else of the context. */
  readonly namespace: string;
}

/**
 * Runs `work` on the cluster that the options choose.
 * @throws UsageError, ForbiddenError or Error whose message says what to do
 */
export const onApi = async <T>(
  { namespace, context, kubeconfig }: ClusterOptions,
  { env }: Pick<Io, 'env'>,
  work: (api: Api) => Promise<T>,
): Promise<T> => {
  let server = 'the kubeconfig’s server';
  let where = namespace ?? '';
  try {
    const access = createKubeAccess({
      env,
      monotonicMs: systemClock.monotonicMs,
      ...(kubeconfig === undefined ? {} : { kubeconfig }),
      ...(context === undefined ? {} : { context }),
    });
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
