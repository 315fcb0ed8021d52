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
  v1: named('Secret', 'PersistentVolumeClaim', 'Service', 'ServiceAccount', 'ConfigMap', 'Pod'),
  'apps/v1': named('StatefulSet', 'Deployment'),
  'policy/v1': named('PodDisruptionBudget'),
  'networking.k8s.io/v1': named('NetworkPolicy'),
  'discovery.k8s.io/v1': named('EndpointSlice'),
  'scheduling.k8s.io/v1': { PriorityClass: 'priorityclasses' },
  'rbac.authorization.k8s.io/v1': named('Role', 'RoleBinding', 'ClusterRole', 'ClusterRoleBinding'),
  'apiextensions.k8s.io/v1': named('CustomResourceDefinition'),
  'admissionregistration.k8s.io/v1': named('ValidatingAdmissionPolicy', 'ValidatingAdmissionPolicyBinding'),
  'voucher-operator.io/v1alpha1': named('VoucherCampaign'),
};
const CLUSTER_WIDE = /^(Cluster|CustomResourceDefinition|PriorityClass|ValidatingAdmissionPolicy)/;

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

/** @param stated all that there is, and belongs to that release */
export const pretendCluster = async (stated: readonly PretendObject[], release: string): Promise<PretendCluster> => {
  const objects = stated.map((one) => ({ ...one, metadata: { ...one.metadata, ...ownedBy(release, one) } }));
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
    const answer = fixed[pathname] ?? found(pathname);
    response.writeHead(answer === undefined ? 404 : 200, { 'content-type': 'application/json' });
    const absent = { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason: 'NotFound', code: 404 };
    response.end(JSON.stringify(answer ?? absent));
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
