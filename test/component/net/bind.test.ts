/** Addresses, with real sockets of both families. */
import { createServer, type Server } from 'node:http';
import { connect } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { Registry } from 'prom-client';
import { startAdminServer } from '../../../app/admin-server.ts';
import { readConfig } from '../../../app/config.ts';
import { listen } from '../../../app/http/server.ts';
import { ENV } from '../../../contract/app-contract.ts';
import { readOperatorConfig } from '../../../operator/config.ts';
import { startAuditServer } from '../../../operator/observability/audit-server.ts';
import { startHealthServer } from '../../../operator/observability/health-server.ts';
import { buildPodTemplate } from '../../../operator/resources/pod.ts';
import { ANY_ADDRESS, bind } from '../../../runtime/bind.ts';
import { aCampaign } from '../../helpers/a-campaign.ts';
import { buildOptions } from '../../helpers/build-options.ts';

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

const answers = async (host: string, port: number): Promise<boolean> => {
  const response = await fetch(`http://${host}:${port}/livez`);
  await response.text();
  return response.status > 0;
};

const closed = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });

describe('a server of the product, bound as a pod binds it', () => {
  const starts: Record<string, () => Promise<number>> = {
    'that citizens reach': async () => {
      const server = await listen((_, response) => response.end('ok'), ANY_ADDRESS, 0);
      closers.push(() => server.drain(0));
      return server.port;
    },
    'with probes and metrics of a tier': async () => {
      const admin = await startAdminServer(
        { registry: new Registry(), notReady: () => undefined, canary: () => undefined, dependencies: () => [] },
        ANY_ADDRESS,
        0,
      );
      closers.push(() => admin.close());
      return admin.port;
    },
    'with probes and metrics of the operator': async () => {
      const health = await startHealthServer(
        { registry: new Registry(), sickness: () => undefined, missing: () => undefined },
        ANY_ADDRESS,
        0,
      );
      closers.push(() => health.close());
      return health.port;
    },
    'with the trails': async () => {
      const log = { read: async function* () {}, append: async () => undefined, campaignIds: async () => [] };
      const audit = await startAuditServer(log as never, ANY_ADDRESS, 0, () => undefined);
      closers.push(() => audit.close());
      return audit.port;
    },
  };
  it.each(Object.entries(starts))('%s, answers on ::1 and on 127.0.0.1', async (_name, start) => {
    const port = await start();
    expect(await answers('[::1]', port)).toBe(true);
    expect(await answers('127.0.0.1', port)).toBe(true);
  });

  it('is bound so without a setting', async () => {
    const options = readOperatorConfig(['--app-image', 'x'], {});
    expect(options.host).toBe(ANY_ADDRESS);
    for (const tier of ['intake', 'records'] as const) {
      const [container] = buildPodTemplate(aCampaign(), tier, buildOptions).spec?.containers ?? [];
      expect(container?.env).toContainEqual({ name: ENV.host, value: ANY_ADDRESS });
    }
    await expect(readConfig({})).rejects.toThrow(ENV.role);
  });
});

describe('an address', () => {
  /** A kernel without IPv6, as Node tells of it. */
  const withoutIpv6 = (code: string): { readonly server: Server; readonly hosts: unknown[] } => {
    const server = createServer((_, response) => response.end());
    const hosts: unknown[] = [];
    const real = server.listen.bind(server) as (...given: unknown[]) => Server;
    server.listen = ((address: { readonly host: string }, then: () => void) => {
      hosts.push(address.host);
      if (!address.host.includes(':')) return real(address, then);
      process.nextTick(() => server.emit('error', Object.assign(new Error(code), { code })));
      return server;
    }) as Server['listen'];
    return { server, hosts };
  };

  it.each(['EAFNOSUPPORT', 'EADDRNOTAVAIL'])('falls back to IPv4 where IPv6 is refused with %s', async (code) => {
    const { server, hosts } = withoutIpv6(code);
    closers.push(() => closed(server));
    const port = await bind(server, { host: ANY_ADDRESS, port: 0 });
    expect(hosts).toEqual(['::', '0.0.0.0']);
    expect(await answers('127.0.0.1', port)).toBe(true);
  });

  it('that was stated is never another one', async () => {
    const { server } = withoutIpv6('EADDRNOTAVAIL');
    await expect(bind(server, { host: '::1', port: 0 })).rejects.toThrow('EADDRNOTAVAIL');
    const taken = createServer();
    closers.push(() => closed(taken));
    const port = await bind(taken, { host: ANY_ADDRESS, port: 0 });
    await expect(bind(createServer(), { host: ANY_ADDRESS, port })).rejects.toThrow('EADDRINUSE');
  });

  it('of IPv4 alone, when it is stated, takes no IPv6', async () => {
    const server = createServer();
    closers.push(() => closed(server));
    const port = await bind(server, { host: '0.0.0.0', port: 0 });
    const code = await new Promise((resolve) => {
      const socket = connect({ host: '::1', port });
      socket
        .once('connect', () => resolve('connected'))
        .once('error', (error: NodeJS.ErrnoException) => resolve(error.code));
      closers.push(async () => socket.destroy());
    });
    expect(code).toBe('ECONNREFUSED');
  });
});
