/** What a campaign needs of any cluster, on the shared local one: pods, Services, names, volumes, admission, audit. */

import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import type { Cluster } from '../../../tools/cluster.ts';
import { ensureProductImage, PRODUCT_IMAGE } from '../../../tools/image.ts';
import { sharedCluster, type TestNamespace, testNamespace } from '../../helpers/cluster.ts';
import { eventually } from '../../helpers/eventually.ts';

/** Answers with its host name and the addresses that cluster DNS has for two Services. */
const SERVER = `
const dns = require('node:dns').promises;
require('node:http').createServer(async (request, response) => {
  const names = ['web', 'kubernetes.default'].map((name) => dns.lookup(name).then(({ address }) => address, String));
  // A Service chooses a pod for each connection, not for each request.
  response.setHeader('connection', 'close');
  response.end(JSON.stringify({ pod: process.env.HOSTNAME, addresses: await Promise.all(names) }));
}).listen(8080);`;
const ANSWER = z.object({ pod: z.string(), addresses: z.array(z.string()) });

const container = (more: object) => ({
  name: 'main',
  imagePullPolicy: 'IfNotPresent',
  securityContext: {
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ['ALL'] },
  },
  ...more,
});

const podOf = (containers: readonly object[], more: object = {}) => ({
  securityContext: { runAsNonRoot: true, fsGroup: 65_532, seccompProfile: { type: 'RuntimeDefault' } },
  terminationGracePeriodSeconds: 1,
  containers,
  ...more,
});

let cluster: Cluster;
let space: TestNamespace;

const apply = async (...objects: readonly object[]): Promise<void> => {
  const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects });
  await cluster.kubectl(['--namespace', space.name, 'apply', '--server-side', '-f', '-'], { input: list });
};

beforeAll(async () => {
  cluster = await sharedCluster();
  space = await testNamespace(cluster, 'workload');
  const { signal } = new AbortController();
  await cluster.importImages([await ensureProductImage({ signal, progress: () => undefined })], signal);
}, 900_000);
afterAll(async () => {
  await space?.remove();
});

describe('the local cluster', () => {
  it('runs three pods of the product’s image, which answer the host through their Service and find names', async () => {
    const labels = { app: 'web' };
    await apply(
      {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name: 'web' },
        spec: {
          replicas: 3,
          selector: { matchLabels: labels },
          template: {
            metadata: { labels },
            spec: podOf([
              container({
                image: PRODUCT_IMAGE,
                command: ['node', '-e', SERVER],
                readinessProbe: { tcpSocket: { port: 8080 }, periodSeconds: 1 },
              }),
            ]),
          },
        },
      },
      {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name: 'web' },
        spec: { selector: labels, ports: [{ port: 80, targetPort: 8080 }] },
      },
    );
    await space.kubectl('rollout', 'status', 'deployment/web', '--timeout=180s');
    const address = await space.kubectl('get', 'service', 'web', '-o', 'jsonpath={.spec.clusterIP}');
    const seen = new Set<string>();
    await eventually(
      async () => {
        const answer = ANSWER.parse(await (await fetch(`http://${address}/`)).json());
        expect(answer.addresses).toEqual([address, cluster.addresses.apiService]);
        return seen.add(answer.pod).size === 3;
      },
      { what: 'an answer from each of three pods' },
    );
  }, 300_000);

  it('binds a claim when its pod comes, opens the volume to the pod’s group, and removes it after the claim', async () => {
    await apply(
      {
        apiVersion: 'v1',
        kind: 'PersistentVolumeClaim',
        metadata: { name: 'data' },
        spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
      },
      {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: 'writer' },
        spec: podOf(
          [
            container({
              image: PRODUCT_IMAGE,
              command: ['node', '-e', 'require("node:fs").writeFileSync("/data/kept", "here")'],
              volumeMounts: [{ name: 'data', mountPath: '/data' }],
            }),
          ],
          { restartPolicy: 'Never', volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'data' } }] },
        ),
      },
    );
    await space.kubectl('wait', 'pod/writer', '--for=jsonpath={.status.phase}=Succeeded', '--timeout=120s');
    const volume = await space.kubectl('get', 'pvc', 'data', '-o', 'jsonpath={.spec.volumeName}');
    const path = await cluster.kubectl(['get', 'pv', volume, '-o', 'jsonpath={.spec.local.path}']);
    expect(await readFile(`${path}/kept`, 'utf8')).toBe('here');
    await space.kubectl('delete', 'pod/writer', 'pvc/data', '--wait=false');
    await eventually(async () => (await cluster.kubectl(['get', 'pv', volume, '--ignore-not-found'])) === '', {
      what: 'the removal of the volume',
    });
    await expect(readFile(`${path}/kept`)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('refuses a pod that may become root, where a namespace enforces that', async () => {
    const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'root' } };
    await expect(
      apply({ ...pod, spec: { containers: [{ name: 'main', image: 'voucher.dev/pause:1' }] } }),
    ).rejects.toThrow(/violates PodSecurity "restricted/);
  });

  it('keeps a line for each write, with who and what and without its content', async () => {
    const secret = {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'kept' },
      stringData: { a: 'never-in-a-log' },
    };
    await apply(secret);
    const line = await eventually(
      async () =>
        (await readFile(cluster.auditLogPath, 'utf8'))
          .split('\n')
          .find((entry) => entry.includes(`namespaces/${space.name}/secrets/kept`)),
      { what: 'the line of the write' },
    );
    expect(JSON.parse(line)).toMatchObject({ verb: 'patch', user: { username: 'kubernetes-admin' } });
    expect(await readFile(cluster.auditLogPath, 'utf8')).not.toContain(
      Buffer.from('never-in-a-log').toString('base64'),
    );
  });
});
