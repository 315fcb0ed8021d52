/** The people of the demo, who command by annotations: with roles of the chart, and as themselves. */
import type { Kubernetes } from '../../tools/cluster.ts';

/** Who has which ClusterRole of the chart, without the release's prefix. */
const ROLES = [
  ['demo-owner', 'campaign-owner'],
  ['demo-notary', 'draw-witness'],
  ['demo-journalist', 'draw-witness'],
] as const;

/** @param prefix of the chart's ClusterRoles: `<namespace>-<release>` */
export const peopleManifests = (namespace: string, prefix: string): string =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'List',
    items: ROLES.map(([user, role]) => ({
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata: { name: `${user}-${role}`, namespace },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: `${prefix}-${role}` },
      subjects: [{ kind: 'User', name: user, apiGroup: 'rbac.authorization.k8s.io' }],
    })),
  });

/** As the user, so that the chart's policies judge the command. */
export const annotateAs = async (
  { kubectl }: Pick<Kubernetes, 'kubectl'>,
  { name, namespace }: { readonly name: string; readonly namespace: string },
  user: string,
  annotation: string,
  text: string | undefined,
  signal: AbortSignal,
): Promise<void> => {
  const value = text === undefined ? `${annotation}-` : `${annotation}=${text}`;
  await kubectl(['annotate', 'vouchercampaign', name, '-n', namespace, '--overwrite', '--as', user, value], { signal });
};
