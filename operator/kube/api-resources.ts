/** The API resources of this project. The operator reads no Secret; doctor reads the last ones as the caller. */
import { API_GROUP } from '../../contract/names.ts';

export interface ApiResource {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
}

const resource = (group: string, version: string, kind: string, plural: string): ApiResource => ({
  group,
  version,
  kind,
  plural,
});

export const CAMPAIGNS = resource(API_GROUP, 'v1alpha1', 'VoucherCampaign', 'vouchercampaigns');
export const SCALE_PLANS = resource(API_GROUP, 'v1alpha1', 'ScalePlan', 'scaleplans');
export const DEPLOYMENTS = resource('apps', 'v1', 'Deployment', 'deployments');
export const JOBS = resource('batch', 'v1', 'Job', 'jobs');
export const STATEFUL_SETS = resource('apps', 'v1', 'StatefulSet', 'statefulsets');
export const PODS = resource('', 'v1', 'Pod', 'pods');
export const SERVICES = resource('', 'v1', 'Service', 'services');
export const CONFIG_MAPS = resource('', 'v1', 'ConfigMap', 'configmaps');
export const SERVICE_ACCOUNTS = resource('', 'v1', 'ServiceAccount', 'serviceaccounts');
export const POD_DISRUPTION_BUDGETS = resource('policy', 'v1', 'PodDisruptionBudget', 'poddisruptionbudgets');
export const NETWORK_POLICIES = resource('networking.k8s.io', 'v1', 'NetworkPolicy', 'networkpolicies');
export const AUTOSCALERS = resource('autoscaling', 'v2', 'HorizontalPodAutoscaler', 'horizontalpodautoscalers');
export const LEASES = resource('coordination.k8s.io', 'v1', 'Lease', 'leases');
export const SELF_SUBJECT_REVIEWS = resource('authentication.k8s.io', 'v1', 'SelfSubjectReview', 'selfsubjectreviews');
export const SELF_SUBJECT_ACCESS_REVIEWS = resource(
  'authorization.k8s.io',
  'v1',
  'SelfSubjectAccessReview',
  'selfsubjectaccessreviews',
);
export const EVENTS = resource('events.k8s.io', 'v1', 'Event', 'events');

export const SECRETS = resource('', 'v1', 'Secret', 'secrets');
export const NAMESPACES = resource('', 'v1', 'Namespace', 'namespaces');
export const NODES = resource('', 'v1', 'Node', 'nodes');
export const QUOTAS = resource('', 'v1', 'ResourceQuota', 'resourcequotas');
export const LIMIT_RANGES = resource('', 'v1', 'LimitRange', 'limitranges');
export const PRIORITY_CLASSES = resource('scheduling.k8s.io', 'v1', 'PriorityClass', 'priorityclasses');
export const CRDS = resource('apiextensions.k8s.io', 'v1', 'CustomResourceDefinition', 'customresourcedefinitions');
const ADMISSION = 'admissionregistration.k8s.io';
export const POLICIES = resource(ADMISSION, 'v1', 'ValidatingAdmissionPolicy', 'validatingadmissionpolicies');
export const POLICY_BINDINGS = resource(
  ADMISSION,
  'v1',
  'ValidatingAdmissionPolicyBinding',
  'validatingadmissionpolicybindings',
);

export const apiVersionOf = ({ group, version }: ApiResource): string =>
  group === '' ? version : `${group}/${version}`;

export interface Target {
  readonly resource: ApiResource;
  readonly namespace?: string | undefined;
  readonly name?: string | undefined;
  readonly subresource?: string | undefined;
}

/** `/apis/apps/v1/namespaces/vouchers/deployments/chengdu-intake/scale`. */
export const pathOf = ({ resource: { group, version, plural }, namespace, name, subresource }: Target): string =>
  [
    group === '' ? `/api/${version}` : `/apis/${group}/${version}`,
    ...(namespace === undefined ? [] : ['namespaces', encodeURIComponent(namespace)]),
    plural,
    ...(name === undefined ? [] : [encodeURIComponent(name)]),
    ...(subresource === undefined ? [] : [subresource]),
  ].join('/');

/** `deployments/scale`: the resource label of metrics, and in errors. */
export const resourceLabel = ({ resource: { plural }, subresource }: Target): string =>
  subresource === undefined ? plural : `${plural}/${subresource}`;

/** `deployments/scale vouchers/chengdu-intake`. */
export const describeTarget = (target: Target): string => {
  const { namespace, name } = target;
  const object = [namespace, name].filter((part) => part !== undefined).join('/');
  return object === '' ? resourceLabel(target) : `${resourceLabel(target)} ${object}`;
};
