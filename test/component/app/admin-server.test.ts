import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Counter, Registry } from 'prom-client';
import { type SendCanary, startAdminServer } from '../../../app/admin-server.ts';
import type { DependencyFinding } from '../../../app/dependencies.ts';
import type { Listening } from '../../../runtime/small-server.ts';
import { eventually } from '../../helpers/eventually.ts';

let ready: boolean;
let canary: SendCanary | undefined;
let found: readonly DependencyFinding[];
let admin: Listening;
beforeEach(async () => {
  ready = false;
  canary = undefined;
  found = [];
  const registry = new Registry();
  new Counter({ name: 'things_total', help: 'Things.', registers: [registry] }).inc(3);
  admin = await startAdminServer(
    {
      registry,
      notReady: () => (ready ? undefined : 'starting'),
      canary: () => canary,
      dependencies: () => found,
    },
    '127.0.0.1',
    0,
  );
});
afterEach(() => admin.close());

const get = async (path: string, method = 'GET'): Promise<readonly [number, string]> => {
  const response = await fetch(`http://127.0.0.1:${admin.port}${path}`, { method });
  return [response.status, await response.text()];
};

describe('the admin port', () => {
  it('is alive from the start and ready when told', async () => {
    expect((await get('/livez'))[0]).toBe(200);
    expect((await get('/readyz'))[0]).toBe(503);
    ready = true;
    expect((await get('/readyz'))[0]).toBe(200);
  });

  it('shows the metrics and nothing else', async () => {
    expect((await get('/metrics'))[1]).toContain('things_total 3');
    expect((await get('/'))[0]).toBe(404);
    expect((await get('/metrics', 'POST'))[0]).toBe(405);
  });

  it('tells how it finds what it needs, and is well only when all of it answers', async () => {
    expect(await get('/healthz')).toEqual([503, 'starting\n']);
    found = [{ name: 'journal', state: 'answers', seconds: 61.4 }];
    expect(await get('/healthz')).toEqual([200, 'journal: answers, for 61 s\n']);
    found = [...found, { name: 'database', state: 'connections', seconds: 12 }];
    expect(await get('/healthz')).toEqual([503, 'journal: answers, for 61 s\ndatabase: connections, for 12 s\n']);
    ready = true;
    expect((await get('/readyz'))[0]).toBe(200);
  });

  it('sends a canary when it is told to, one at a time, and only where there is one', async () => {
    expect((await get('/canary', 'POST'))[0]).toBe(404);
    expect((await get('/canary'))[0]).toBe(405);
    let arrive = (): void => undefined;
    canary = () =>
      new Promise((resolve) => {
        arrive = () => resolve({ result: 'confirmed', reason: '' });
      });
    const first = get('/canary', 'POST');
    await eventually(async () => (await get('/canary', 'POST'))[0] === 409, { what: 'a 409' });
    arrive();
    expect(await first).toEqual([200, '{"result":"confirmed","reason":""}']);
  });
});
