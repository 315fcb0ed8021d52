/** A real nats-server, listening as the chart tells it to. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, it } from '@jest/globals';
import { ensureNatsServer } from '../../../local/binaries.ts';
import { freePorts } from '../../../local/free-ports.ts';
import { type ManagedProcess, spawnManaged } from '../../../local/managed-process.ts';
import { eventually } from '../../helpers/eventually.ts';

const TEMPLATE = join(import.meta.dirname, '../../../charts/voucher-operator/templates/nats.yaml');

let dir: string;
let server: ManagedProcess;
let ports: readonly number[];
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'voucher-nats-'));
  const template = await readFile(TEMPLATE, 'utf8');
  const [client, monitor, cluster] = [/ listen: (\S+):4222/, / http: (\S+):8222/, / listen: (\S+):6222/].map(
    (line) => line.exec(template)?.[1] ?? 'nothing',
  );
  ports = await freePorts(3, '127.0.0.1');
  await writeFile(
    join(dir, 'nats.conf'),
    `listen: "${client}:${ports[0]}"
http: "${monitor}:${ports[1]}"
cluster { name: test, listen: "${cluster}:${ports[2]}" }
`,
  );
  const binary = await ensureNatsServer({ signal: new AbortController().signal, progress: () => undefined });
  server = spawnManaged({
    name: 'nats',
    command: binary,
    args: ['-c', join(dir, 'nats.conf')],
    env: { PATH: process.env['PATH'] ?? '' },
    logFile: join(dir, 'nats.log'),
  });
});
afterAll(async () => {
  server.kill('SIGKILL');
  await server.exited;
  await rm(dir, { recursive: true });
});

const takes = (host: string, port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ host, port });
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });

describe('a nats-server of the chart', () => {
  it.each(['::1', '127.0.0.1'])('takes clients, servers and scrapes on %s', async (host) => {
    for (const port of ports) await eventually(() => takes(host, port), { what: `port ${port} on ${host}` });
  });
});
