/** The one local cluster that a whole test run shares; a test keeps to namespaces of its own and never kills its parts. */
import { randomBytes } from 'node:crypto';
import { type Cluster, up } from '../../tools/cluster.ts';

/** Another name for whoever must not share it. */
export const SHARED_CLUSTER = process.env['VOUCHER_TEST_CLUSTER'] ?? 'vo-test';

let shared: Promise<Cluster> | undefined;

/** Starts it when it isn't there, heals it when it is, and leaves it up: the next suite finds it warm. */
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
  /** Does not wait for the end of what is in it: nobody else uses its name. */
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
