/** Host names inside the cluster. Pure. */

/**
 * The namespace of the Service that a host name means, or undefined for a host outside the cluster:
 * `check`, `check.health.svc`, `check.health.svc.cluster.local`. Not `check.health`, which may also be a domain of the Internet.
 *
 * @param own namespace of the pods that use the name
 */
export const serviceNamespaceOf = (host: string, own: string): string | undefined => {
  if (/^[a-z]([-a-z0-9]*[a-z0-9])?$/i.test(host)) return own;
  return /^(?:[^.]+\.)+?([^.]+)\.svc(\.[^.]+)*\.?$/i.exec(host)?.[1];
};
