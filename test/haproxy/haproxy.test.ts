/** The reference configuration of the entrance, in a real HAProxy, in front of two small servers that stand for sites. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ensureHaproxy } from '../../local/binaries/haproxy.ts';
import { freePorts } from '../../local/free-ports.ts';
import { eventually } from '../helpers/eventually.ts';

const CONFIG = join(import.meta.dirname, '../../deploy/haproxy/haproxy.cfg');
const haproxy = await ensureHaproxy({ signal: new AbortController().signal, progress: () => undefined });

type Behaviour = 'serves' | 'unhealthy' | 'dies';

interface Site {
  readonly server: Server;
  behaviour: Behaviour;
  readonly answered: string[];
  readonly forwardedFor: (string | undefined)[];
}

const startSite = async (name: string): Promise<Site> => {
  const site: Site = { server: createServer(), behaviour: 'serves', answered: [], forwardedFor: [] };
  site.server.on('request', (request, response) => {
    if (request.url === '/site-health') {
      response.writeHead(site.behaviour === 'serves' ? 200 : 503).end();
      return;
    }
    // The socket ends without an answer, as with a pod that is killed in the middle of a request.
    if (site.behaviour === 'dies') return void request.socket.destroy();
    const key = String(request.headers['idempotency-key']);
    site.answered.push(key);
    site.forwardedFor.push(request.headers['x-forwarded-for']?.toString());
    response.end(name);
  });
  site.server.listen(0, '127.0.0.1');
  await once(site.server, 'listening');
  return site;
};
const addressOf = ({ server }: Site): string => `127.0.0.1:${(server.address() as AddressInfo).port}`;

describe('HAProxy in front of two sites', () => {
  let a: Site;
  let b: Site;
  let url: string;
  let proxy: ChildProcess;
  let keys = 0;

  const register = async (key = `key-${keys++}`): Promise<string> => {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'idempotency-key': key, 'x-forwarded-for': '203.0.113.7' },
      body: '{}',
    });
    return response.ok ? response.text() : String(response.status);
  };

  beforeEach(async () => {
    [a, b] = [await startSite('a'), await startSite('b')];
    const [port = 0] = await freePorts(1, '127.0.0.1');
    url = `http://127.0.0.1:${port}/api/v1/registrations`;
    proxy = spawn(haproxy.command, ['-db', '-f', CONFIG], {
      env: { ...haproxy.env, LISTEN: `127.0.0.1:${port}`, SITE_A: addressOf(a), SITE_B: addressOf(b) },
      stdio: 'ignore',
    });
    const answers = async (): Promise<boolean> => {
      if (proxy.exitCode !== null) return true;
      return (await register()).length === 1;
    };
    await eventually(answers, { what: 'an answer through HAProxy' });
    expect(proxy.exitCode).toBe(null);
  });
  afterEach(async () => {
    const exited = proxy.exitCode === null ? once(proxy, 'exit') : undefined;
    proxy.kill('SIGKILL');
    await exited;
    for (const { server } of [a, b]) {
      server.closeAllConnections();
      server.close();
    }
  });

  it('sends a repeat of a request to the same site, and others to both', async () => {
    const answers = new Map<string, Set<string>>();
    for (let n = 0; n < 40; n += 1) {
      const key = `same-${n % 10}`;
      answers.set(key, (answers.get(key) ?? new Set()).add(await register(key)));
    }
    expect([...answers.values()].every(({ size }) => size === 1)).toBe(true);
    expect(new Set([...answers.values()].flatMap((one) => [...one]))).toEqual(new Set(['a', 'b']));
  });

  it('gives a request that got no answer to the other site, with the same key', async () => {
    a.behaviour = 'dies';
    // Marked as down meanwhile or not: each of these is answered.
    for (let n = 0; n < 40; n += 1) expect(await register(`dying-${n}`)).toBe('b');
    expect(new Set(b.answered.filter((key) => key.startsWith('dying-'))).size).toBe(40);
  });

  it('sends nothing to a site that can store nothing, and comes back', async () => {
    a.behaviour = 'unhealthy';
    const onlyB = async (): Promise<boolean> => {
      const answers = await Promise.all(Array.from({ length: 20 }, () => register()));
      return answers.every((one) => one === 'b');
    };
    await eventually(onlyB, { what: 'site b alone' });
    a.behaviour = 'serves';
    await eventually(async () => (await register()) === 'a', { what: 'site a again' });
  });

  it('believes no client about its address', async () => {
    await register();
    const seen = [...a.forwardedFor, ...b.forwardedFor];
    expect(seen.length).toBeGreaterThan(0);
    expect(seen.every((address) => address === '127.0.0.1')).toBe(true);
  });
});
