/** What the API server did not let the user do, in words that say what to do. Pure. */
import { KubeConfigError } from '../operator/kube/access.ts';
import { isKubeError } from '../operator/kube/errors.ts';
import { ForbiddenError, UsageError } from './errors.ts';

/** Of an answer to a plan. */
export const mayAnswer = (message: string): string =>
  `${message}\nDeciding and revoking take the verb authorize on scaleplans, which the chart's ClusterRole <release namespace>-<release>-campaign-owner gives. Whoever has it acts for you with --on-behalf-of`;

/** In words, what to do about an answer that is none. */
export const explained = (error: unknown, namespace: string, server: string): unknown => {
  if (error instanceof ForbiddenError) return error;
  if (error instanceof KubeConfigError) return new UsageError(error.message, { cause: error });
  if (isKubeError(error, 'forbidden')) {
    const role = error.message.startsWith('patch') ? 'campaign-editor' : 'campaign-viewer';
    return new ForbiddenError(
      `${error.message}\nThe chart's ClusterRole <release namespace>-<release>-${role} allows it; who administers the cluster gives it with\n  kubectl create rolebinding ${role} -n ${namespace} --clusterrole <release namespace>-<release>-${role} --user <you>`,
      { cause: error },
    );
  }
  if (isKubeError(error, 'unauthorized')) {
    return new Error(`the cluster at ${server} does not know you: log in again, or choose another --context`, {
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
