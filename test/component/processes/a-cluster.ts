/** A cluster of straw apps in a temporary folder, with the manifests that the operator would write. */

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { WORKLOADS } from '../../../contract/jobs.ts';
import { dataPlaneSecretName } from '../../../contract/names.ts';
import type { Tier } from '../../../contract/tiers.ts';
import { spawnManaged } from '../../../local/managed-process.ts';
import { createProcessCluster, type ProcessCluster, type ProcessClusterOptions } from '../../../local/processes.ts';
import { buildAppConfigMap } from '../../../operator/resources/config-map.ts';
import { buildDeployment, withReplicas } from '../../../operator/resources/deployment.ts';
import { buildService } from '../../../operator/resources/service.ts';
import { aCampaign } from '../../helpers/a-campaign.ts';
import { buildOptions } from '../../helpers/build-options.ts';
import { eventually } from '../../helpers/eventually.ts';

export const CAMPAIGN = aCampaign();
export const NEVER = new AbortController().signal;

const STRAW_APP = fileURLToPath(new URL('./straw-app.ts', import.meta.url));

export interface TestCluster {
  readonly cluster: ProcessCluster;
  readonly secretsDir: string;
  readonly stateDir: string;
  readonly lines: readonly string[];
  writeSecret(name: string, data: Readonly<Record<string, string>>): Promise<void>;
  /** ConfigMap, Service and the tier's Deployment. */
  deploy(tier: Tier, replicas: number): Promise<void>;
  scale(tier: Tier, replicas: number): Promise<'written' | 'conflict'>;
  ready(count: number): Promise<void>;
  url(): string;
  remove(): Promise<void>;
}

export const strawCommand: ProcessClusterOptions['command'] = (_role, container) => ({
  command: process.execPath,
  args: [STRAW_APP, ...(container.args ?? [])],
});

export const aCluster = async (options: Partial<ProcessClusterOptions> = {}): Promise<TestCluster> => {
  const dir = await mkdtemp(join(tmpdir(), 'processes-'));
  const stateDir = join(dir, 'state');
  const secretsDir = join(dir, 'secrets');
  const lines: string[] = [];
  const cluster = createProcessCluster({
    command: strawCommand,
    baseEnv: {},
    stateDir,
    secretsDir,
    spawn: spawnManaged,
    log: (line) => lines.push(line),
    ...options,
  });
  const writeSecret: TestCluster['writeSecret'] = async (name, data) => {
    const folder = join(secretsDir, CAMPAIGN.metadata.namespace, name);
    await mkdir(folder, { recursive: true });
    for (const [key, value] of Object.entries(data)) await writeFile(join(folder, key), value);
  };
  return {
    cluster,
    secretsDir,
    stateDir,
    lines,
    writeSecret,
    async deploy(tier, replicas) {
      await cluster.manifests.apply(buildAppConfigMap(CAMPAIGN, [tier], buildOptions), NEVER);
      await cluster.manifests.apply(buildService(CAMPAIGN, 'intake'), NEVER);
      await cluster.manifests.create(withReplicas(buildDeployment(CAMPAIGN, tier, buildOptions), replicas), NEVER);
    },
    async scale(tier, replicas) {
      const deployment = (await cluster.reader.observe(CAMPAIGN, NEVER)).tiers[tier]?.deployment;
      if (deployment === undefined) throw new Error(`no Deployment of ${tier}`);
      const { name, resourceVersion } = deployment;
      const { namespace } = CAMPAIGN.metadata;
      return cluster.replicas.scale({ namespace, name, replicas, resourceVersion }, NEVER);
    },
    async ready(count) {
      await eventually(
        () => {
          const pods = cluster.pods();
          return pods.length === count && pods.every((pod) => pod.ready);
        },
        { what: `exactly ${count} pods, all ready` },
      );
    },
    url: () => cluster.serviceUrl(CAMPAIGN.metadata.namespace, 'chengdu-intake'),
    async remove() {
      await cluster.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
};

/** The Secrets that the campaign's pods mount. */
export const writeSecrets = async (cluster: TestCluster): Promise<void> => {
  await cluster.writeSecret(CAMPAIGN.spec.privacy.keySecretName, { 'citizen.key': 'a-key' });
  for (const workload of WORKLOADS) {
    const name = dataPlaneSecretName(CAMPAIGN.spec.dataPlane.secretName, workload);
    await cluster.writeSecret(name, { 'nats-url': 'nats://127.0.0.1:4222' });
  }
};
