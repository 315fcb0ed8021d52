/** Where the kinds of the chart that say who may do what are made. */
export const RBAC = '/apis/rbac.authorization.k8s.io/v1';
const ADMISSION = '/apis/admissionregistration.k8s.io/v1';

export const RIGHTS_PATHS: Readonly<Record<string, string>> = {
  ClusterRole: `${RBAC}/clusterroles`,
  ValidatingAdmissionPolicy: `${ADMISSION}/validatingadmissionpolicies`,
  ValidatingAdmissionPolicyBinding: `${ADMISSION}/validatingadmissionpolicybindings`,
};
