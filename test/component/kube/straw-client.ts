/** A client of the straw API server, on the real clock, with short backoffs left to the callers. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createKubeAccess } from '../../../operator/kube/access.ts';
import type { ApiResource } from '../../../operator/kube/api-resources.ts';
import { type CallReport, createKubeClient, type KubeClient } from '../../../operator/kube/client.ts';
import { systemClock } from '../../../runtime/clock.ts';
import type { StrawApiServer } from './api-server.ts';

export const STRAWS: ApiResource = { group: 'straw.example', version: 'v1', kind: 'Straw', plural: 'straws' };

export interface StrawClient {
  readonly client: KubeClient;
  /** As the one that the elector renews its lease with. */
  readonly leaseClient: KubeClient;
  readonly calls: CallReport[];
  close(): Promise<void>;
}

export const connectTo = async (
  server: StrawApiServer,
  options: { readonly assertMayWrite?: () => void } = {},
): Promise<StrawClient> => {
  const dir = await mkdtemp(join(tmpdir(), 'straw-'));
  const kubeconfig = join(dir, 'kubeconfig');
  await writeFile(kubeconfig, server.kubeconfig);
  const access = createKubeAccess({ kubeconfig, env: {}, monotonicMs: systemClock.monotonicMs });
  const calls: CallReport[] = [];
  const clientOptions = {
    access,
    clock: systemClock,
    random: () => 0.5,
    userAgent: 'straw/1',
    onCall: (report: CallReport) => calls.push(report),
    ...options,
  };
  return {
    client: createKubeClient(clientOptions),
    leaseClient: createKubeClient({ ...clientOptions, lane: 'lease' }),
    calls,
    async close() {
      await access.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
};
