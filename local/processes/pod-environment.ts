/** A container's environment as the kubelet would set it, with paths and ports of a process on this machine. */
import type { Container, EnvVar } from 'kubernetes-types/core/v1.js';
import { ENV } from '../../contract/app-contract.ts';

export interface Mount {
  readonly mountPath: string;
  /** The directory on this machine. */
  readonly dir: string;
}

export interface PodPlace {
  readonly podName: string;
  readonly namespace: string;
  readonly podIp: string;
  /** By container port name. */
  readonly ports: Readonly<Record<string, number>>;
  readonly mounts: readonly Mount[];
  /** `http://127.0.0.1:port` of a Service. @throws Error when it does not exist yet */
  readonly serviceUrl: (namespace: string, name: string) => string;
}

/** `admin` → `PORT_ADMIN`. */
export const portVariable = (portName: string): string => `PORT_${portName.toUpperCase().replaceAll('-', '_')}`;

/** Replaces a mount path, or a path below one, by the path on this machine; the innermost mount counts. */
export const translatePath = (value: string, mounts: readonly Mount[]): string => {
  const [mount] = mounts
    .filter(({ mountPath }) => value === mountPath || value.startsWith(`${mountPath}/`))
    .sort((a, b) => b.mountPath.length - a.mountPath.length);
  return mount === undefined ? value : mount.dir + value.slice(mount.mountPath.length);
};

/** Replaces the URL of a Service by its address on this machine. */
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
      throw new Error(`env ${variable.name}: source ${source} is not supported for a process; use a volume or a value`);
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
  // Last: these replace the address and the ports of the manifest, which are for a pod's own network.
  env[ENV.host] = place.podIp;
  for (const [name, port] of Object.entries(place.ports)) env[portVariable(name)] = String(port);
  return env;
};
