import { readFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { dataPlaneSecretName } from '../../../contract/names.ts';
import { buildAppConfigMap } from '../../../operator/resources/config-map.ts';
import { buildDeployment, withReplicas } from '../../../operator/resources/deployment.ts';
import { buildJob } from '../../../operator/resources/job.ts';
import { buildOptions } from '../../helpers/build-options.ts';
import { eventually } from '../../helpers/eventually.ts';
import { aCluster, CAMPAIGN, NEVER, type TestCluster, writeSecrets } from './a-cluster.ts';

/** Asks again and again, on new connections and on kept ones, until stopped; failures are kept. */
const citizens = (url: string): { stop(): Promise<{ answered: number; failures: string[]; pods: Set<string> }> } => {
  let on = true;
  let answered = 0;
  const failures: string[] = [];
  const pods = new Set<string>();
  const one = async (path: string, headers: Record<string, string>): Promise<void> => {
    while (on) {
      try {
        const response = await fetch(url + path, { headers });
        const text = await response.text();
        if (path === '/') pods.add(text);
        if (response.status === 200) answered += 1;
        else failures.push(`status ${response.status}`);
      } catch (error) {
        failures.push(String(error instanceof Error ? (error.cause ?? error) : error));
      }
      await pause(5);
    }
  };
  const all = [
    one('/', { connection: 'close' }),
    one('/', { connection: 'close' }),
    one('/slow', { connection: 'close' }),
  ];
  return {
    async stop() {
      on = false;
      await Promise.all(all);
      return { answered, failures, pods };
    },
  };
};

describe('a cluster of processes', () => {
  let test: TestCluster;
  beforeEach(async () => {
    test = await aCluster();
  });
  afterEach(() => test.remove());

  it('scales 1 → 4 → 2 under requests without one failure', async () => {
    await writeSecrets(test);
    await test.deploy('intake', 1);
    await test.ready(1);
    const [first] = test.cluster.pods();
    const load = citizens(test.url());
    expect(await test.scale('intake', 4)).toBe('written');
    await test.ready(4);
    await eventually(() => test.cluster.processes().length === 4, { what: 'four processes' });
    expect(await test.scale('intake', 2)).toBe('written');
    expect((await test.cluster.reader.observe(CAMPAIGN, NEVER)).tiers.intake?.pods).toHaveLength(2);
    await test.ready(2);
    const { answered, failures, pods } = await load.stop();
    expect(failures).toEqual([]);
    expect(answered).toBeGreaterThan(10);
    expect(pods.size).toBeGreaterThan(1);
    expect(test.cluster.pods().map((pod) => pod.name)).toContain(first?.name);
    const folders = (): Promise<readonly string[]> => readdir(join(test.stateDir, 'pods'));
    await eventually(async () => (await folders()).length === 2, { what: 'the end of the folders of those that left' });
  });

  it('restarts a crashed process in place', async () => {
    await writeSecrets(test);
    await test.deploy('intake', 1);
    await test.ready(1);
    const first = () => test.cluster.pods().map(({ name, pid, restarts }) => ({ name, pid, restarts }))[0];
    const before = first();
    await fetch(`${test.url()}/crash`).catch(() => undefined);
    await eventually(() => test.lines.some((line) => line.includes('code 3')), { what: 'word of the crash' });
    await eventually(() => first()?.pid !== before?.pid, { what: 'another process' });
    await test.ready(1);
    const after = first();
    expect(after?.name).toBe(before?.name);
    expect(after?.pid).not.toBe(before?.pid);
    expect([before?.restarts, after?.restarts]).toEqual([0, 1]);
  });

  it('waits for a missing Secret, names it once, and runs when it appears', async () => {
    await test.writeSecret(dataPlaneSecretName(CAMPAIGN.spec.dataPlane.secretName, 'intake'), {});
    await test.deploy('intake', 1);
    await eventually(() => test.lines.length > 0, { what: 'a line' });
    expect(test.cluster.processes()).toEqual([]);
    await writeSecrets(test);
    await test.ready(1);
    expect(test.lines).toEqual([expect.stringContaining('Secret "voucher-privacy" not found')]);
    expect(await (await fetch(`${test.url()}/secret`)).text()).toBe('a-key');
  });

  it('refuses a scale write with an old version', async () => {
    await writeSecrets(test);
    await test.deploy('intake', 0);
    const { namespace } = CAMPAIGN.metadata;
    const old = (await test.cluster.reader.observe(CAMPAIGN, NEVER)).tiers.intake?.deployment.resourceVersion ?? '';
    expect(await test.scale('intake', 1)).toBe('written');
    const stale = { namespace, name: 'chengdu-intake', replicas: 3, resourceVersion: old };
    expect(await test.cluster.replicas.scale(stale, NEVER)).toBe('conflict');
    expect((await test.cluster.reader.observe(CAMPAIGN, NEVER)).tiers.intake?.deployment.replicas).toBe(1);
  });

  it('replaces pods of an old template one by one, under requests without one failure', async () => {
    await writeSecrets(test);
    await test.deploy('intake', 2);
    await test.ready(2);
    const before = test.cluster.pods().map((pod) => pod.name);
    const load = citizens(test.url());
    const next = buildDeployment(CAMPAIGN, 'intake', { ...buildOptions, logLevel: 'debug' });
    await test.cluster.manifests.apply(next, NEVER);
    await eventually(() => test.cluster.pods().every((pod) => !before.includes(pod.name)), {
      what: 'new pods',
    });
    await test.ready(2);
    expect((await load.stop()).failures).toEqual([]);
    const env: unknown = await (await fetch(`${test.url()}/env`)).json();
    expect(env).toMatchObject({ VOUCHER_LOG_LEVEL: 'debug', VOUCHER_HOST: '127.0.0.1' });
  });

  it('rewrites the files of running pods when a ConfigMap changes, and restarts nothing', async () => {
    await writeSecrets(test);
    await test.deploy('intake', 1);
    await test.ready(1);
    const [{ pid } = { pid: 0 }] = test.cluster.pods();
    await test.cluster.manifests.apply(
      {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: 'chengdu-app', namespace: 'vouchers' },
        data: { 'config.json': 'new' },
      },
      NEVER,
    );
    expect(await (await fetch(`${test.url()}/config`)).text()).toBe('new');
    expect(test.cluster.pods().map((pod) => pod.pid)).toEqual([pid]);
  });

  it('runs the process of a Job until it ends without an error, and not again', async () => {
    const runs = join(test.stateDir, 'runs');
    // Fails twice.
    const script = `const { appendFileSync, readFileSync } = require('node:fs');
      appendFileSync(process.argv[1], 'x');
      process.exit(readFileSync(process.argv[1]).length < 3 ? 1 : 0);`;
    const command = () => ({ command: process.execPath, args: ['--eval', script, runs] });
    const other = await aCluster({ command });
    try {
      await writeSecrets(other);
      await other.cluster.manifests.apply(buildAppConfigMap(CAMPAIGN, ['intake'], buildOptions), NEVER);
      await other.cluster.manifests.create(buildJob(CAMPAIGN, { job: 'draw' }, buildOptions), NEVER);
      const state = async () => (await other.cluster.reader.observe(CAMPAIGN, NEVER)).jobs;
      expect(await state()).toEqual({ draw: { name: 'chengdu-draw', state: 'starting', failedPods: 0 } });
      await eventually(async () => (await state())?.['draw']?.state === 'done', { what: 'the end of the Job' });
      expect(readFileSync(runs, 'utf8')).toBe('xxx');
      expect(other.lines.filter((line) => line.includes('ended with code 1'))).toHaveLength(2);
      await eventually(() => other.cluster.pods().length === 0, { what: 'the end of its pod' });
    } finally {
      await other.remove();
    }
  });

  it('restarts a process that fails its liveness probe', async () => {
    await writeSecrets(test);
    const manifest = withReplicas(buildDeployment(CAMPAIGN, 'intake', buildOptions), 1);
    for (const container of manifest.spec?.template.spec?.containers ?? []) {
      container.livenessProbe = { httpGet: { path: '/livez', port: 'admin' }, periodSeconds: 1, failureThreshold: 2 };
    }
    await test.deploy('records', 0);
    await test.cluster.manifests.create(manifest, NEVER);
    await test.ready(1);
    const [{ pid } = { pid: 0 }] = test.cluster.pods();
    await fetch(`${test.url()}/sick`);
    await eventually(() => test.lines.some((line) => line.includes('liveness')), { what: 'a restart' });
    await eventually(() => test.cluster.pods().every((pod) => pod.pid !== pid), { what: 'another process' });
    await test.ready(1);
  });
});
