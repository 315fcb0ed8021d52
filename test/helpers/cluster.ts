/** The local cluster that a test run shares; each test uses its own namespaces and never kills parts of the cluster. */
import { randomBytes } from 'node:crypto';
import { type Cluster, up } from '../../tools/cluster.ts';

/** Another name, for runs that must not share it. */
export const SHARED_CLUSTER = process.env['VOUCHER_TEST_CLUSTER'] ?? 'vo-test';

let shared: Promise<Cluster> | undefined;

/** Starts or repairs it, and keeps it for the next suite. */
export const sharedCluster = (): Promise<Cluster> => {
  const { signal } = new AbortController();
  shared ??= up(
    { name: SHARED_CLUSTER, progress: (line) => void process.stderr.write(`${SHARED_CLUSTER}: ${line}\n`) },
    signal,
  );
  return shared;
};

export interface TestNamespace {
  readonly name: string;
  /** kubectl within the namespace. */
  kubectl(...args: readonly string[]): Promise<string>;
  /** Does not wait for the deletion of its content, because its name is not used again. */
  remove(): Promise<void>;
}

/** A new namespace that enforces restricted pod security. */
export const testNamespace = async (cluster: Cluster, prefix: string): Promise<TestNamespace> => {
  const name = `${prefix}-${randomBytes(3).toString('hex')}`;
  await cluster.kubectl(['create', 'namespace', name]);
  await cluster.kubectl(['label', 'namespace', name, 'pod-security.kubernetes.io/enforce=restricted']);
  return {
    name,
    kubectl: (...args) => cluster.kubectl(['--namespace', name, ...args]),
    async remove() {
      await cluster.kubectl(['delete', 'namespace', name, '--wait=false', '--ignore-not-found']);
    },
  };
};
