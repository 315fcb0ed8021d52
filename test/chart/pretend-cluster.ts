/** As much of an API server as Helm's `lookup` asks: what there is to ask for, and the objects that a test states. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface PretendObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace: string };
}

/** As Helm marks what belongs to a release. */
const ownedBy = (release: string, { metadata: { namespace } }: PretendObject): object => ({
  labels: { 'app.kubernetes.io/managed-by': 'Helm' },
  annotations: { 'meta.helm.sh/release-name': release, 'meta.helm.sh/release-namespace': namespace },
});

export interface PretendCluster {
  /** For Helm: render with this cluster at hand. */
  readonly flags: readonly string[];
  close(): Promise<void>;
}

const named = (...kinds: readonly string[]): Readonly<Record<string, string>> =>
  Object.fromEntries(kinds.map((kind) => [kind, kind.replace(/y$/, 'ie').toLowerCase().concat('s')]));

/** Those that the chart makes, and those that it looks at. */
const KINDS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  v1: named('Namespace', 'Secret', 'PersistentVolumeClaim', 'Service', 'ServiceAccount', 'ConfigMap', 'Pod'),
  'apps/v1': named('StatefulSet', 'Deployment'),
  'policy/v1': named('PodDisruptionBudget'),
  'networking.k8s.io/v1': named('NetworkPolicy'),
  'discovery.k8s.io/v1': named('EndpointSlice'),
  'coordination.k8s.io/v1': named('Lease'),
  'scheduling.k8s.io/v1': { PriorityClass: 'priorityclasses' },
  'rbac.authorization.k8s.io/v1': named('Role', 'RoleBinding', 'ClusterRole', 'ClusterRoleBinding'),
  'apiextensions.k8s.io/v1': named('CustomResourceDefinition'),
  'admissionregistration.k8s.io/v1': named('ValidatingAdmissionPolicy', 'ValidatingAdmissionPolicyBinding'),
  'voucher-operator.io/v1alpha1': named('VoucherCampaign'),
};
const CLUSTER_WIDE = /^(Namespace$|Cluster|CustomResourceDefinition|PriorityClass|ValidatingAdmissionPolicy)/;

const groupsOf = (versions: readonly string[]) =>
  versions
    .filter((version) => version !== 'v1')
    .map((groupVersion) => {
      const [name = '', version = ''] = groupVersion.split('/');
      return { name, versions: [{ groupVersion, version }], preferredVersion: { groupVersion, version } };
    });

const discovery = (version: string) => ({
  kind: 'APIResourceList',
  apiVersion: 'v1',
  groupVersion: version,
  resources: Object.entries(KINDS[version] ?? {}).map(([kind, name]) => ({
    name,
    kind,
    singularName: kind.toLowerCase(),
    namespaced: !CLUSTER_WIDE.test(kind),
    verbs: ['get', 'list'],
  })),
});

const ADDRESS =
  /^\/(?:api\/(?<core>v1)|apis\/(?<group>[^/]+\/[^/]+))(?:\/namespaces\/(?<namespace>[^/]+))?\/(?<plural>[a-z]+)(?:\/(?<name>[^/]+))?$/;

export interface PretendState {
  /** That there are; unless stated those that tests name, and those of the objects. */
  readonly namespaces?: readonly string[];
  /** Namespaces that are being deleted. */
  readonly ending?: readonly string[];
  /** Plurals that whoever asks may not read. */
  readonly forbidden?: readonly string[];
}

const namespacesOf = (stated: readonly PretendObject[], state: PretendState): readonly PretendObject[] => {
  const { ending = [] } = state;
  const usual = ['voucher-system', 'vouchers', 'other', ...stated.map(({ metadata }) => metadata.namespace)];
  return [...new Set(['default', ...(state.namespaces ?? usual), ...ending])].map((name) => ({
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name, namespace: '', ...(ending.includes(name) ? { deletionTimestamp: '2027-01-01T00:00:00Z' } : {}) },
  }));
};

/** @param stated all that there is beside namespaces, and belongs to that release */
export const pretendCluster = async (
  stated: readonly PretendObject[],
  release: string,
  state: PretendState = {},
): Promise<PretendCluster> => {
  const objects = [
    ...namespacesOf(stated, state),
    ...stated.map((one) => ({ ...one, metadata: { ...one.metadata, ...ownedBy(release, one) } })),
  ];
  const versions = Object.keys(KINDS);
  const fixed: Readonly<Record<string, unknown>> = {
    '/version': { major: '1', minor: '36', gitVersion: 'v1.36.3' },
    '/api': { kind: 'APIVersions', versions: ['v1'] },
    '/apis': { kind: 'APIGroupList', apiVersion: 'v1', groups: groupsOf(versions) },
    ...Object.fromEntries(versions.map((one) => [`/${one === 'v1' ? 'api' : 'apis'}/${one}`, discovery(one)])),
  };
  const found = (path: string): unknown => {
    const { core, group, namespace, plural, name } = ADDRESS.exec(path)?.groups ?? {};
    const of = objects.filter(
      ({ apiVersion, kind, metadata }) =>
        apiVersion === (core ?? group) &&
        KINDS[apiVersion]?.[kind] === plural &&
        (namespace === undefined || metadata.namespace === namespace),
    );
    return name === undefined
      ? { kind: 'List', apiVersion: core ?? group, metadata: { resourceVersion: '1' }, items: of }
      : of.find(({ metadata }) => metadata.name === name);
  };
  const server = createServer(({ url = '' }, response) => {
    const { pathname } = new URL(url, 'http://localhost');
    const isRefused = state.forbidden?.includes(ADDRESS.exec(pathname)?.groups?.['plural'] ?? '') === true;
    const answer = fixed[pathname] ?? (isRefused ? undefined : found(pathname));
    const [code, reason] = isRefused ? [403, 'Forbidden'] : [404, 'NotFound'];
    response.writeHead(answer === undefined ? code : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(answer ?? { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason, code }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    flags: ['--dry-run=server', '--disable-openapi-validation', '--kube-apiserver', `http://127.0.0.1:${port}`],
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};
