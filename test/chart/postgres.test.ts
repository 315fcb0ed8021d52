import { describe, expect, it } from '@jest/globals';
import type { PodSpec } from 'kubernetes-types/core/v1.js';
import { render, WITH_CAMPAIGNS } from './render.ts';

describe('the chart’s PostgreSQL', () => {
  const pod = async (): Promise<PodSpec> => {
    const found = (await render(WITH_CAMPAIGNS)).find(
      ({ kind, metadata }) => kind === 'StatefulSet' && metadata.name.endsWith('-postgres'),
    );
    if (found === undefined) throw new Error('no StatefulSet of PostgreSQL');
    return (found.spec as { template: { spec: PodSpec } }).template.spec;
  };

  it('is probed by questions to the database, never by its port', async () => {
    const { containers, initContainers } = await pod();
    const [server] = containers;
    const port = initContainers?.find(({ name }) => name === 'probe')?.ports?.[0]?.containerPort;
    expect(port).toEqual(expect.any(Number));
    expect(
      [server?.startupProbe, server?.readinessProbe, server?.livenessProbe].map((probe) => probe?.httpGet),
    ).toEqual([
      { path: '/live', port },
      { path: '/ready', port },
      { path: '/live', port },
    ]);
    // The server's answer comes within 4 s, or the probe says that none came.
    for (const probe of [server?.startupProbe, server?.readinessProbe, server?.livenessProbe]) {
      expect(probe?.timeoutSeconds).toBeGreaterThanOrEqual(5);
    }
  });

  it('keeps connections for the superuser, whose login the probes are', async () => {
    const { containers } = await pod();
    expect(containers[0]?.args).toContain('superuser_reserved_connections=5');
  });
});
