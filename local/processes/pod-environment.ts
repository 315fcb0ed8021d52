/** A container's environment on this machine: what the kubelet would put into it, with paths and ports of one process. */
import type { Container, EnvVar } from 'kubernetes-types/core/v1.js';
import { ENV } from '../../contract/app-contract.ts';

export interface Mount {
  readonly mountPath: string;
  /** Directory on this machine that stands for it. */
  readonly dir: string;
}

export interface PodPlace {
  readonly podName: string;
  readonly namespace: string;
  readonly podIp: string;
  /** By container port name. */
  readonly ports: Readonly<Record<string, number>>;
  readonly mounts: readonly Mount[];
  /** `http://127.0.0.1:port` of a Service on this machine. @throws Error when it is not there yet */
  readonly serviceUrl: (namespace: string, name: string) => string;
}

/** `admin` → `PORT_ADMIN`. */
export const portVariable = (portName: string): string => `PORT_${portName.toUpperCase().replaceAll('-', '_')}`;

/** A value that is a mount path or lies below one, moved; of nested mounts the innermost counts. */
export const translatePath = (value: string, mounts: readonly Mount[]): string => {
  const [mount] = mounts
    .filter(({ mountPath }) => value === mountPath || value.startsWith(`${mountPath}/`))
    .sort((a, b) => b.mountPath.length - a.mountPath.length);
  return mount === undefined ? value : mount.dir + value.slice(mount.mountPath.length);
};

/** A value that is the URL of a Service of the cluster, with the Service's address on this machine. */
const translateService = (value: string, { serviceUrl }: PodPlace): string => {
  const [, name, namespace] = /^http:\/\/([a-z0-9-]+)\.([a-z0-9-]+)\.svc$/.exec(value) ?? [];
  return name === undefined || namespace === undefined ? value : serviceUrl(namespace, name);
};

const fieldValue = (variable: EnvVar, place: PodPlace): string => {
  const path = variable.valueFrom?.fieldRef?.fieldPath;
  switch (path) {
    case 'metadata.name':
      return place.podName;
    case 'metadata.namespace':
      return place.namespace;
    case 'status.podIP':
      return place.podIp;
    default: {
      const source = path ?? Object.keys(variable.valueFrom ?? {}).join();
      throw new Error(`env ${variable.name}: source ${source} has no meaning for a process; use a volume or a value`);
    }
  }
};

export const podEnvironment = (
  container: Container,
  place: PodPlace,
  base: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> => {
  const env: Record<string, string> = { ...base };
  for (const variable of container.env ?? []) {
    env[variable.name] =
      variable.valueFrom === undefined
        ? translateService(translatePath(variable.value ?? '', place.mounts), place)
        : fieldValue(variable, place);
  }
  // Last, because the manifest speaks of a pod's own network: every address, and the same port in each pod.
  env[ENV.host] = place.podIp;
  for (const [name, port] of Object.entries(place.ports)) env[portVariable(name)] = String(port);
  return env;
};
