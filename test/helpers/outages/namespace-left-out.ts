/** A watched namespace that can't be listed: deleted, not there yet, or without the rights. Its operator says so on its Lease. */
import type { Lease } from 'kubernetes-types/coordination/v1.js';
import { NOT_SERVED } from '../../../contract/names.ts';
import { eventually } from '../eventually.ts';
import type { KubeApi } from '../kube-api.ts';
import type { Outage } from './outage.ts';

/**
 * @param lease of the operator's election
 * @param outage takes the namespace or the rights away, or restarts an operator that has neither
 */
export const namespaceLeftOut = async (
  api: KubeApi,
  namespace: string,
  lease: { readonly namespace: string; readonly name: string },
  outage: () => Promise<unknown>,
): Promise<Outage> => {
  const path = `/apis/coordination.k8s.io/v1/namespaces/${lease.namespace}/leases/${lease.name}`;
  await outage();
  const startedAtMs = Date.now();
  const message = await eventually(
    async (): Promise<string | undefined> => {
      const found = (await api.call({ method: 'GET', path })) as Lease;
      const said = JSON.parse(found.metadata?.annotations?.[NOT_SERVED] ?? '{}')[namespace];
      return said === undefined ? undefined : `${said.said} ${said.remedy}`;
    },
    { what: `the operator to say that ${namespace} is left out`, everyMs: 50 },
  );
  return {
    // Where no campaign is there is nothing to write an event on.
    events: [{ reason: 'NamespaceLeftOut', message }],
    secondsUntilSeen: (Date.now() - startedAtMs) / 1000,
  };
};
