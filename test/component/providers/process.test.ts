/** The local providers as processes of their own, as the demo starts them; a run with faults, and all that was said in it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { citizenOf } from '../../../local/load/citizen.ts';
import { spawnManaged } from '../../../local/managed-process.ts';
import { type ProviderProcess, type ProviderProcessOptions, startProvider } from '../../../local/providers/process.ts';
import { personalDataScan } from '../../helpers/personal-data-scan.ts';
import { type Client, clientOf, person } from './provider-world.ts';

let dir: string;
const running: ProviderProcess[] = [];
const clients: Client[] = [];
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'provider-'));
});
afterEach(async () => {
  for (const one of running.splice(0)) await one.stop();
  for (const one of clients.splice(0)) await one.remove();
  await rm(dir, { recursive: true });
});

const { signal } = new AbortController();

const start = async (
  type: ProviderProcessOptions['type'],
  options: Partial<ProviderProcessOptions> = {},
): Promise<{ readonly server: ProviderProcess; readonly client: Client }> => {
  // The client's folder exists first, because the server reads the same keys.
  const keys = await clientOf(type, 'http://127.0.0.1:9');
  const server = await startProvider({
    ...{ type, name: 'a', keysDir: keys.keysDir, perSecond: 100_000, spawn: spawnManaged, signal },
    logFile: join(dir, 'provider.log'),
    ...options,
  });
  const client = await clientOf(type, server.url);
  clients.push(keys, client);
  running.push(server);
  return { server, client };
};

describe('a local provider', () => {
  it.each(['TencentIdCard', 'Http'] as const)('of type %s answers and counts in a process of its own', async (type) => {
    const { server, client } = await start(type);
    expect(await client.ask(person('match'))).toMatchObject({ kind: 'match' });
    await server.setFaults({ kind: 'status', status: 502 });
    expect(await client.ask(person('match'))).toEqual({ kind: 'retry', reason: 'status 502' });
    await server.setFaults();
    expect(await client.ask(person('mismatch'))).toMatchObject({ kind: 'mismatch' });
    expect(await server.counts()).toMatchObject({
      requests: 3,
      results: { match: 1, mismatch: 1 },
      faults: { status: 1 },
    });
  });

  it('has the limits that it was started with', async () => {
    const { client } = await start('TencentIdCard', { perDay: 1 });
    expect(await client.ask(person('match'))).toMatchObject({ kind: 'match' });
    expect(await client.ask(person('match'))).toEqual({ kind: 'quota' });
  });

  it('that can’t start names its log', async () => {
    await expect(start('TencentIdCard', { perSecond: Number.NaN })).rejects.toThrow('provider.log');
  });

  it('leaves no personal data in logs, reasons, counts and files of a run with faults', async () => {
    const { server, client } = await start('TencentIdCard');
    await server.setFaults(
      { kind: 'reset', share: 0.1 },
      { kind: 'half', share: 0.1 },
      { kind: 'error', share: 0.1, code: 'InvalidParameterValue' },
      { kind: 'error', share: 0.05, code: 'UnauthorizedOperation.Arrears' },
    );
    const crowd = 100;
    const answers = await Promise.all(Array.from({ length: crowd }, (_, i) => client.ask(citizenOf(8, i))));
    const scan = personalDataScan(8, crowd);
    scan.text('answers', JSON.stringify(answers));
    scan.text('counts', JSON.stringify(await server.counts()));
    await scan.folder(dir);
    await scan.folder(client.keysDir);
    expect(scan.findings).toEqual([]);
    expect(scan.scannedFiles).toBeGreaterThanOrEqual(3);
    scan.text('planted', `${citizenOf(8, 3).name} ${citizenOf(8, 3).idNumber}`);
    expect(scan.findings).toHaveLength(2);
  });
});
