/** Names, paths and addresses of a cluster, all derived from its name and its slot. */
import { join } from 'node:path';

/** Interface names have at most 15 characters, and the cluster's is `vo-NAME`. */
const NAME = /^[a-z]([a-z0-9-]{0,10}[a-z0-9])?$/;

/** Slots 0…31 are 10.200.0.0/16 … 10.231.0.0/16, which few other networks use. */
export const SLOTS = 32;
const FIRST_OCTET = 200;

export interface Addresses {
  /** Contains all others; the host has one route to it. */
  readonly range: string;
  readonly pods: string;
  readonly podGateway: string;
  readonly services: string;
  /** The `kubernetes` Service: always the first address of `services`. */
  readonly apiService: string;
  readonly dns: string;
  /** The two ends of the link between the host and the cluster's network namespace, a /30. */
  readonly host: string;
  readonly node: string;
}

/** Slot 3 → pods 10.203.0.0/17, services 10.203.128.0/18, host 10.203.255.1, node 10.203.255.2. */
export const addressesOf = (slot: number): Addresses => {
  const prefix = `10.${FIRST_OCTET + slot}`;
  return {
    range: `${prefix}.0.0/16`,
    pods: `${prefix}.0.0/17`,
    podGateway: `${prefix}.0.1`,
    services: `${prefix}.128.0/18`,
    apiService: `${prefix}.128.1`,
    dns: `${prefix}.128.10`,
    host: `${prefix}.255.1`,
    node: `${prefix}.255.2`,
  };
};

export interface Place {
  /** Also the name of the node, the network namespace and the cgroup. */
  readonly name: string;
  /** On the host; its peer inside the namespace is `eth0`. */
  readonly link: string;
  readonly netns: string;
  readonly mountNamespace: string;
  /** Kept until `down`: certificates, etcd's data, images, volumes, logs, process records. */
  readonly dir: string;
  readonly bin: string;
  readonly pki: string;
  readonly logs: string;
  readonly config: string;
  readonly processes: string;
  readonly kubeconfig: string;
  readonly containerdSocket: string;
  readonly volumes: string;
}

/** Not in a checkout: a cluster belongs to the machine, as its network namespace does. */
export const clustersDir = (): string => process.env['VOUCHER_CLUSTERS'] ?? '/var/lib/voucher-operator/clusters';

/** @throws Error when the name can't be the name of an interface, a cgroup and a node */
export const placeOf = (name: string, root: string = clustersDir()): Place => {
  if (!NAME.test(name)) {
    throw new Error(`--name ${name}: a cluster's name has 1 to 12 characters a-z, 0-9 and -, starts with a letter`);
  }
  const dir = join(root, name);
  return {
    name,
    link: `vo-${name}`,
    netns: `/var/run/netns/${name}`,
    mountNamespace: join(dir, 'namespaces', 'mnt'),
    dir,
    bin: join(dir, 'bin'),
    pki: join(dir, 'pki'),
    logs: join(dir, 'logs'),
    config: join(dir, 'config'),
    processes: join(dir, 'processes'),
    kubeconfig: join(dir, 'kubeconfig'),
    containerdSocket: join(dir, 'run', 'containerd.sock'),
    volumes: join(dir, 'volumes'),
  };
};
