/** The kinds of Kubernetes objects that this operator writes, as plain data. */
import type { Deployment } from 'kubernetes-types/apps/v1.js';
import type { Job } from 'kubernetes-types/batch/v1.js';
import type { ConfigMap, Service, ServiceAccount } from 'kubernetes-types/core/v1.js';
import type { NetworkPolicy } from 'kubernetes-types/networking/v1.js';
import type { PodDisruptionBudget } from 'kubernetes-types/policy/v1.js';

export type Manifest = Deployment | Job | Service | ConfigMap | ServiceAccount | PodDisruptionBudget | NetworkPolicy;
