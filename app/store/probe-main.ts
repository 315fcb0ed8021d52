/**
 * `node app/store/probe-main.ts`: the container beside the chart's PostgreSQL that answers the kubelet's probes, by the server's own
 * socket. The password is read for each login, so that a new one is used at once.
 */
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { ANY_ADDRESS } from '../../runtime/bind.ts';
import { askDatabase, startProbeServer } from './probe.ts';

const environment = z.object({
  VOUCHER_POSTGRES_SOCKET_DIR: z.string().min(1),
  VOUCHER_POSTGRES_PASSWORD_FILE: z.string().min(1),
  PORT_PROBE: z.coerce.number().int().positive(),
});

const env = environment.parse(process.env);
const ended = Promise.withResolvers<void>();
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => ended.resolve());

const ask = async () => {
  const password = (await readFile(env.VOUCHER_POSTGRES_PASSWORD_FILE, 'utf8')).trim();
  return askDatabase({ host: env.VOUCHER_POSTGRES_SOCKET_DIR, user: 'postgres', database: 'postgres', password });
};
const server = await startProbeServer(ask, ANY_ADDRESS, env.PORT_PROBE);
console.log('probes of PostgreSQL are answered');
await ended.promise;
await server.close();
