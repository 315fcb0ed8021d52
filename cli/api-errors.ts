/** Messages for errors of the API server, with what to do. Pure. */
import { KubeConfigError } from '../operator/kube/access.ts';
import { isKubeError } from '../operator/kube/errors.ts';
import { ForbiddenError, UsageError } from './errors.ts';

/** Of an answer to a plan. */
export const mayAnswer = (message: string): string =>
  `${message}\nDeciding and revoking need the verb authorize on scaleplans, which the chart's ClusterRole <release namespace>-<release>-campaign-owner grants. A user who has it can act for you with --on-behalf-of`;

/** An error with what to do about it. */
export const explained = (error: unknown, namespace: string, server: string): unknown => {
  if (error instanceof ForbiddenError) return error;
  if (error instanceof KubeConfigError) return new UsageError(error.message, { cause: error });
  if (isKubeError(error, 'forbidden')) {
    const role = error.message.startsWith('patch') ? 'campaign-editor' : 'campaign-viewer';
    return new ForbiddenError(
      `${error.message}\nThe chart's ClusterRole <release namespace>-<release>-${role} grants this permission; a cluster administrator assigns it with\n  kubectl create rolebinding ${role} -n ${namespace} --clusterrole <release namespace>-<release>-${role} --user <you>`,
      { cause: error },
    );
  }
  if (isKubeError(error, 'unauthorized')) {
    return new Error(`the cluster at ${server} rejects your credentials: log in again, or choose another --context`, {
      cause: error,
    });
  }
  if (isKubeError(error, 'connection', 'timeout')) {
    return new Error(
      `no cluster answers at ${server}: check --context and KUBECONFIG, and that it is reachable from here (${error.message})`,
      { cause: error },
    );
  }
  return error;
};
