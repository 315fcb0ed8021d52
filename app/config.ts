/** Configuration of a process: environment and mounted files, parsed once. Errors name the place and the remedy. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { type AppConfig, DATA_PLANE_KEYS, ENV, secretDirOf } from '../contract/app-contract.ts';
import { defined } from '../contract/defined.ts';
import { hasAdminPort, rightsOf, WORKLOADS, type Workload } from '../contract/jobs.ts';
import { isTier, servesHttp } from '../contract/tiers.ts';
import type { JournalServers } from '../journal/connection.ts';
import { ANY_ADDRESS } from '../runtime/bind.ts';
import type { DatabaseAccess } from './store/pool.ts';

const REBUILD = 'records-rebuild';
const ROLES = [...WORKLOADS, REBUILD] as const;
export type Role = Workload | typeof REBUILD;

/** Contents of the data-plane Secret. */
export interface DataPlane {
  readonly journal: JournalServers;
  /** Undefined for a workload without an account there. */
  readonly database: DatabaseAccess | undefined;
}

export interface ProcessConfig {
  readonly role: Role;
  readonly podName: string;
  readonly logLevel: string;
  readonly host: string;
  /** 0 for roles that serve no citizens. */
  readonly httpPort: number;
  /** The campaign's Service; undefined for roles that serve no citizens. */
  readonly serviceUrl: string | undefined;
  /** How long an idle connection is kept. */
  readonly keepAliveMs: number;
  /** 0 for a Job that is asked for nothing. */
  readonly adminPort: number;
  /** Of citizens; undefined: the product's own limit. */
  readonly maxConnections: number | undefined;
  /** After SIGTERM, how long an intake that is no longer ready still takes new connections. */
  readonly drainGraceMs: number;
  /** Undefined: no traces. */
  readonly tracing: { readonly endpoint: string; readonly ratio: number } | undefined;
  /** Undefined for a workload that gets no privacy keys. */
  readonly privacyDir: string | undefined;
  /** Mounts of the role's own Secrets, by their names in contract/tiers.ts. */
  readonly secretDirs: Readonly<Record<string, string | undefined>>;
  readonly app: AppConfig;
  readonly dataPlane: DataPlane;
  /** Of the draw's Job, as they are set. */
  readonly draw: {
    readonly order?: string;
    readonly bundleDir?: string;
    readonly bundleStore?: string;
    readonly bundleKeysDir?: string;
    readonly drandChain?: string;
  };
  /** Of the Job `books`, as it is set. */
  readonly reconcile?: string;
  /** Of the Job `exclude`, as they are set. */
  readonly exclusion: { readonly order?: string; readonly privacyDir?: string; readonly dataPlaneDir?: string };
}

const port = z
  .string('is not set; the pod manifest sets it')
  .regex(/^\d{1,5}$/, 'must be a port number')
  .transform(Number)
  .refine((value) => value <= 65_535, 'must be a port number');
const text = z.string('is not set; the pod manifest sets it').min(1, 'is empty; the pod manifest sets it');
const whole = (what: string, form = /^\d{1,5}$/) =>
  z.string().regex(form, `must be ${what}, at most 99999`).transform(Number);
const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

const environment = z.object({
  [ENV.role]: z.enum(ROLES, `must be one of ${ROLES.join(', ')}`),
  [ENV.podName]: text,
  [ENV.configDir]: text,
  [ENV.privacyDir]: text.optional(),
  [ENV.dataPlaneDir]: text,
  [ENV.host]: z.string().min(1).default(ANY_ADDRESS),
  [ENV.maxConnections]: whole('a number of connections', /^[1-9]\d{0,4}$/).optional(),
  [ENV.portHttp]: port.optional(),
  [ENV.portAdmin]: port.optional(),
  [ENV.serviceUrl]: z.url({ protocol: /^https?$/, error: 'must be a URL; the pod manifest sets it' }).optional(),
  // Load balancers keep a connection for 60 s (nginx, HAProxy, AWS) or 600 s (Google), and must close it first.
  [ENV.keepAliveSeconds]: whole('seconds').default(620),
  [ENV.logLevel]: z.enum(LEVELS, `must be one of ${LEVELS.join(', ')}`).default('info'),
  [ENV.drainGraceMs]: whole('milliseconds').default(0),
  [ENV.tracingEndpoint]: z.url({ protocol: /^https?$/, error: 'must be a URL of a collector' }).optional(),
  [ENV.tracingRatio]: z.coerce.number('must be a number from 0 to 1').min(0).max(1).default(0.01),
  [ENV.drawOrder]: text.optional(),
  [ENV.reconcileOrder]: text.optional(),
  [ENV.exclusionOrder]: text.optional(),
  [ENV.earlierPrivacyDir]: text.optional(),
  [ENV.earlierDataPlaneDir]: text.optional(),
  [ENV.bundleDir]: text.optional(),
  [ENV.bundleStore]: text.optional(),
  [ENV.bundleKeysDir]: text.optional(),
  [ENV.drandChain]: text.optional(),
});

const appConfig = z.object({
  v: z.literal(1),
  campaignId: z.string().min(1),
  namespace: z.string().min(1),
  campaignName: z.string().min(1),
  site: z.string().min(1),
  shards: z.number().int().min(1),
  journalReplicas: z.number().int().min(1),
  // An older pod must start even if a newer operator names a tier that it does not know.
  tiers: z.array(z.string()),
});

export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

const problemsOf = (error: z.ZodError): string =>
  error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ');

const readText = async (dir: string, name: string, what: string): Promise<string> => {
  try {
    return (await readFile(join(dir, name), 'utf8')).trim();
  } catch (cause) {
    const problem = `${join(dir, name)} can't be read; check the volume and that it has the key ${name}`;
    throw new ConfigError(`${what}: ${problem}`, { cause });
  }
};

/** PEM of an optional key. @throws ConfigError when it has a value without a certificate */
const readAuthority = async (dir: string, name: string): Promise<string | undefined> => {
  const pem = await readFile(join(dir, name), 'utf8').catch(() => undefined);
  if (pem === undefined || pem.includes('-----BEGIN CERTIFICATE-----')) return pem;
  throw new ConfigError(`data-plane Secret: ${name} contains no certificate in PEM; set it or remove the key`);
};

export const readDataPlane = async (dir: string, workload: Workload): Promise<DataPlane> => {
  const read = (key: string): Promise<string> => readText(dir, key, 'data-plane Secret');
  const [text, user, password, connectionString, natsCa, postgresCa] = await Promise.all([
    read(DATA_PLANE_KEYS.natsUrl),
    read(DATA_PLANE_KEYS.natsUser),
    read(DATA_PLANE_KEYS.natsPassword),
    rightsOf(workload).database === 'none' ? undefined : read(DATA_PLANE_KEYS.postgresUrl),
    readAuthority(dir, DATA_PLANE_KEYS.natsCa),
    readAuthority(dir, DATA_PLANE_KEYS.postgresCa),
  ]);
  const urls = text
    .split(',')
    .map((url) => url.trim())
    .filter((url) => url !== '');
  if (urls.length === 0) throw new ConfigError(`data-plane Secret: ${DATA_PLANE_KEYS.natsUrl} names no server`);
  const authority = (ca: string | undefined) => (ca === undefined ? {} : { ca });
  return {
    journal: { urls, user, password, ...authority(natsCa) },
    database: connectionString === undefined ? undefined : { connectionString, ...authority(postgresCa) },
  };
};

/** For a role that needs the database. @throws ConfigError */
export const databaseAccess = ({ database }: DataPlane): DatabaseAccess => {
  if (database === undefined) throw new ConfigError('this role has no account on the database (contract/tiers.ts)');
  return database;
};

/** For a role that needs the keys. @throws ConfigError */
export const privacyFolder = ({ privacyDir }: Pick<ProcessConfig, 'privacyDir'>): string => {
  if (privacyDir === undefined)
    throw new ConfigError(`environment: ${ENV.privacyDir}: is not set; the pod manifest sets it`);
  return privacyDir;
};

/** @throws ConfigError */
export const secretFolder = ({ secretDirs }: Pick<ProcessConfig, 'secretDirs'>, name: string): string => {
  const dir = secretDirs[name];
  if (dir === undefined)
    throw new ConfigError(`environment: ${secretDirOf(name)}: is not set; the pod manifest sets it`);
  return dir;
};

/** @throws ConfigError */
export const readConfig = async (env: NodeJS.ProcessEnv): Promise<ProcessConfig> => {
  const parsed = environment.safeParse(env);
  if (!parsed.success) throw new ConfigError(`environment: ${problemsOf(parsed.error)}`);
  const settings = parsed.data;
  const role = settings[ENV.role];
  const endpoint = settings[ENV.tracingEndpoint];
  if (role !== REBUILD && isTier(role) && servesHttp(role) && settings[ENV.portHttp] === undefined) {
    throw new ConfigError(
      `environment: ${ENV.portHttp}: is not set; ${role} needs the port that is reached from outside`,
    );
  }
  if (role !== REBUILD && hasAdminPort(role) && settings[ENV.portAdmin] === undefined) {
    throw new ConfigError(`environment: ${ENV.portAdmin}: is not set; the pod manifest sets it`);
  }
  const configDir = settings[ENV.configDir];
  const configText = await readText(configDir, 'config.json', 'ConfigMap');
  let json: unknown;
  try {
    json = JSON.parse(configText);
  } catch (cause) {
    throw new ConfigError('ConfigMap: config.json is not JSON; the operator writes it, so undo the edit', { cause });
  }
  const app = appConfig.safeParse(json);
  if (!app.success) throw new ConfigError(`ConfigMap config.json: ${problemsOf(app.error)}`);
  const workload = role === REBUILD ? 'records' : role;
  return {
    role,
    podName: settings[ENV.podName],
    logLevel: settings[ENV.logLevel],
    host: settings[ENV.host],
    httpPort: settings[ENV.portHttp] ?? 0,
    serviceUrl: settings[ENV.serviceUrl],
    keepAliveMs: settings[ENV.keepAliveSeconds] * 1_000,
    adminPort: settings[ENV.portAdmin] ?? 0,
    maxConnections: settings[ENV.maxConnections],
    drainGraceMs: settings[ENV.drainGraceMs],
    tracing: endpoint === undefined ? undefined : { endpoint, ratio: settings[ENV.tracingRatio] },
    privacyDir: settings[ENV.privacyDir],
    secretDirs: Object.fromEntries(rightsOf(workload).secrets.map(({ name }) => [name, env[secretDirOf(name)]])),
    app: app.data,
    ...defined({ reconcile: settings[ENV.reconcileOrder] }),
    exclusion: defined({
      order: settings[ENV.exclusionOrder],
      privacyDir: settings[ENV.earlierPrivacyDir],
      dataPlaneDir: settings[ENV.earlierDataPlaneDir],
    }),
    draw: defined({
      order: settings[ENV.drawOrder],
      bundleDir: settings[ENV.bundleDir],
      bundleStore: settings[ENV.bundleStore],
      bundleKeysDir: settings[ENV.bundleKeysDir],
      drandChain: settings[ENV.drandChain],
    }),
    dataPlane: await readDataPlane(settings[ENV.dataPlaneDir], workload),
  };
};
