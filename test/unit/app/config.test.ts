import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { databaseAccess, privacyFolder, readConfig } from '../../../app/config.ts';
import { type AppConfig, DATA_PLANE_KEYS, ENV } from '../../../contract/app-contract.ts';

const APP: AppConfig = {
  v: 1,
  campaignId: 'c',
  namespace: 'n',
  campaignName: 'c',
  site: 'default',
  shards: 3,
  journalReplicas: 3,
  tiers: ['intake', 'records'],
};

let dir: string;
let env: Record<string, string | undefined>;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'voucher-config-'));
  env = {
    [ENV.role]: 'intake',
    [ENV.podName]: 'c-intake-1',
    [ENV.configDir]: dir,
    [ENV.privacyDir]: dir,
    [ENV.dataPlaneDir]: dir,
    [ENV.host]: '127.0.0.1',
    [ENV.portHttp]: '8080',
    [ENV.portAdmin]: '9090',
  };
  await writeFile(join(dir, 'config.json'), JSON.stringify(APP));
  await writeFile(join(dir, DATA_PLANE_KEYS.natsUrl), 'nats://a:4222, nats://b:4222\n');
  await writeFile(join(dir, DATA_PLANE_KEYS.natsUser), 'user\n');
  await writeFile(join(dir, DATA_PLANE_KEYS.natsPassword), 'hush-hush\n');
  await writeFile(join(dir, DATA_PLANE_KEYS.postgresUrl), 'postgres://u:hush-hush@db:5432/x\n');
});
afterEach(() => rm(dir, { recursive: true }));

describe('a pod’s configuration', () => {
  it('is read from environment and mounts', async () => {
    expect(await readConfig(env)).toMatchObject({
      role: 'intake',
      httpPort: 8080,
      serviceUrl: undefined,
      adminPort: 9090,
      logLevel: 'info',
      keepAliveMs: 620_000,
      drainGraceMs: 0,
      app: APP,
      dataPlane: { journal: { urls: ['nats://a:4222', 'nats://b:4222'], user: 'user', password: 'hush-hush' } },
    });
  });

  it('of a Job has no port: it is asked for nothing', async () => {
    const { [ENV.portAdmin]: _admin, [ENV.portHttp]: _http, ...others } = env;
    expect(await readConfig({ ...others, [ENV.role]: 'draw' })).toMatchObject({
      role: 'draw',
      adminPort: 0,
      httpPort: 0,
      dataPlane: { database: undefined },
    });
  });

  const wrong: Record<string, readonly [(typeof ENV)[keyof typeof ENV], string | undefined, RegExp]> = {
    'a role that there is not': [ENV.role, 'waiter', /VOUCHER_ROLE: must be one of intake, records/],
    'no role': [ENV.role, undefined, /VOUCHER_ROLE: must be one of/],
    'no admin port': [ENV.portAdmin, undefined, /PORT_ADMIN: is not set/],
    'an empty admin port': [ENV.portAdmin, '', /PORT_ADMIN: must be a port number/],
    'a port of words': [ENV.portHttp, 'http', /PORT_HTTP: must be a port number/],
    'a port beyond the last one': [ENV.portAdmin, '65536', /PORT_ADMIN: must be a port number/],
    'an intake without a port for citizens': [ENV.portHttp, undefined, /PORT_HTTP: is not set; intake needs/],
    'an unknown log level': [ENV.logLevel, 'loud', /VOUCHER_LOG_LEVEL: must be one of trace/],
    'a keep-alive with a unit': [ENV.keepAliveSeconds, '75s', /VOUCHER_KEEP_ALIVE_SECONDS: must be seconds/],
    'a grace with a unit': [ENV.drainGraceMs, '5s', /VOUCHER_DRAIN_GRACE_MS: must be milliseconds/],
    'a folder that is not there': [ENV.configDir, '/nowhere', /config\.json can't be read/],
  };
  it.each(Object.entries(wrong))('names %s', async (_name, [variable, value, want]) => {
    await expect(readConfig({ ...env, [variable]: value })).rejects.toThrow(want);
  });

  it('names the field of config.json that is wrong', async () => {
    await writeFile(join(dir, 'config.json'), JSON.stringify({ ...APP, shards: 0 }));
    await expect(readConfig(env)).rejects.toThrow(/config\.json: shards/);
    await writeFile(join(dir, 'config.json'), '{');
    await expect(readConfig(env)).rejects.toThrow(/config\.json is not JSON/);
  });

  it('starts beside a tier that only a newer operator knows', async () => {
    await writeFile(join(dir, 'config.json'), JSON.stringify({ ...APP, tiers: [...APP.tiers, 'later'] }));
    expect((await readConfig(env)).app.tiers).toContain('later');
  });

  it('needs no keys for citizens in a tier that gets none, and says so in one that does', async () => {
    const records = { ...env, [ENV.role]: 'records', [ENV.privacyDir]: undefined };
    expect((await readConfig(records)).privacyDir).toBeUndefined();
    expect(() => privacyFolder({ privacyDir: undefined })).toThrow(/VOUCHER_PRIVACY_DIR: is not set/);
  });

  it('has the authorities of the servers when the Secret has them, and refuses what is no certificate', async () => {
    expect((await readConfig(env)).dataPlane.journal).not.toHaveProperty('ca');
    const pem = '-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n';
    await writeFile(join(dir, DATA_PLANE_KEYS.natsCa), pem);
    await writeFile(join(dir, DATA_PLANE_KEYS.postgresCa), pem);
    const { dataPlane } = await readConfig(env);
    expect(dataPlane.journal).toMatchObject({ ca: pem });
    expect(databaseAccess(dataPlane)).toMatchObject({ ca: pem });
    await writeFile(join(dir, DATA_PLANE_KEYS.postgresCa), '\n');
    await expect(readConfig(env)).rejects.toThrow(/postgres-ca\.crt contains no certificate/);
  });

  it('names a missing key of the Secret and never a value', async () => {
    await rm(join(dir, DATA_PLANE_KEYS.natsUser));
    await expect(readConfig(env)).rejects.toThrow(/nats-user/);
    await expect(readConfig(env)).rejects.not.toThrow(/hush/);
  });
});
