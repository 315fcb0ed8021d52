import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { Container } from 'kubernetes-types/core/v1.js';
import { runProbes } from '../../../local/processes/probes.ts';
import { eventually } from '../../helpers/eventually.ts';

const host = '127.0.0.1';
const ends: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

const serve = async (answer: RequestListener): Promise<number> => {
  const server: Server = createServer(answer);
  server.listen(0, host);
  await once(server, 'listening');
  ends.push(async () => {
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no address');
  return address.port;
};

const httpGet = { path: '/probe', port: 'admin' };

/** What the probes of a container say about a server, in order. */
const probe = (container: Omit<Container, 'name'>, admin: number): { readonly said: readonly string[] } => {
  const said: string[] = [];
  const ending = new AbortController();
  const probing = runProbes({ name: 'app', ...container }, host, { admin }, ending.signal, {
    onReady: (ready) => said.push(ready ? 'ready' : 'not ready'),
    onUnhealthy: (reason) => said.push(reason),
  });
  ends.push(async () => {
    ending.abort();
    await probing;
  });
  return { said };
};

describe('the probes of a container', () => {
  it('give a hanging start its seconds, not its number of fast polls', async () => {
    let asked = 0;
    const admin = await serve(() => {
      asked += 1;
    });
    const startupProbe = { httpGet, periodSeconds: 1, timeoutSeconds: 1, failureThreshold: 2 };
    const { said } = probe({ startupProbe }, admin);
    await eventually(() => said.length > 0, { what: 'the end of the start' });
    expect(said).toEqual(['startup probe /probe failed']);
    expect(asked).toBeLessThanOrEqual(3);
  });

  it('ask for readiness and liveness only after the start', async () => {
    const paths = new Set<string>();
    const admin = await serve(({ url = '' }, response) => {
      paths.add(url);
      response.statusCode = 503;
      response.end();
    });
    const at = (path: string) => ({ httpGet: { path, port: 'admin' }, periodSeconds: 1, failureThreshold: 1 });
    const { said } = probe({ startupProbe: at('/start'), readinessProbe: at('/r'), livenessProbe: at('/l') }, admin);
    await eventually(() => said.length > 0, { what: 'the end of the start' });
    expect([...paths]).toEqual(['/start']);
  });

  it('take readiness away after so many failures in a row, and give it back at the first success', async () => {
    // One failure is forgiven, two are not.
    const answers = [200, 503, 200, 503, 503, 200];
    let asked = 0;
    const admin = await serve((_request, response) => {
      response.statusCode = answers[asked] ?? 200;
      asked += 1;
      response.end();
    });
    const { said } = probe({ readinessProbe: { httpGet, periodSeconds: 0.02, failureThreshold: 2 } }, admin);
    await eventually(() => asked > answers.length, { what: 'every answer' });
    expect(said).toEqual(['ready', 'not ready', 'ready']);
  });

  it.each([
    [200, 'ready'],
    [399, 'ready'],
    [400, undefined],
    [503, undefined],
  ])('take status %i as %s', async (statusCode, expected) => {
    let asked = 0;
    const admin = await serve((_request, response) => {
      asked += 1;
      response.statusCode = statusCode;
      response.end();
    });
    const { said } = probe({ readinessProbe: { httpGet, periodSeconds: 0.02 } }, admin);
    await eventually(() => asked > 2, { what: 'three probes' });
    expect(said[0]).toBe(expected);
  });

  it('take a container without probes as ready', async () => {
    const { said } = probe({}, 1);
    await eventually(() => said.length > 0, { what: 'a word' });
    expect(said).toEqual(['ready']);
  });
});
