/** The operator's configuration, from environment and flags, parsed once. A flag wins over its variable. */
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { DATA_PLANE_KEYS } from '../contract/app-contract.ts';
import { defined } from '../contract/defined.ts';
import { WORKLOADS } from '../contract/jobs.ts';
import { ANY_ADDRESS } from '../runtime/bind.ts';
import type { BuildOptions } from './resources/build-options.ts';

export interface OperatorConfig {
  /** A file; without it the pod's service account. */
  readonly kubeconfig: string | undefined;
  readonly context: string | undefined;
  /** Empty: all namespaces. */
  readonly watchNamespaces: readonly string[];
  /** Undefined: no election, this is the only operator. */
  readonly lease: { readonly namespace: string | undefined; readonly name: string } | undefined;
  /** Name of this process, unique also after a restart of its pod. */
  readonly identity: string;
  readonly build: BuildOptions;
  readonly logLevel: string;
  readonly host: string;
  readonly port: number;
  /** Where trails are served, on the same host. Undefined: nowhere. */
  readonly auditPort: number | undefined;
  readonly resyncMs: number;
  readonly maxConcurrent: number;
  /** Folder with `nats-url`, `nats-user` and `nats-password`: the operator's own account on the journal. */
  readonly journalDir: string;
  /** Monitoring endpoints of the journal's servers; without them durability is unknown. */
  readonly journalMonitorUrls: readonly string[];
  readonly shardMaxBytes: number | undefined;
  /** How metrics pages are read: from the pods, or, without access to their network, through the API server. */
  readonly signalsThrough: 'pods' | 'api-server';
}

export class OperatorConfigError extends Error {
  override readonly name = 'OperatorConfigError';
}

const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
const dnsLabel = z.string().regex(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/, 'must be lower-case letters, digits and "-"');
const list = z.string().transform((text) =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== ''),
);
const integer = (least: number, most: number) =>
  z
    .string()
    .regex(/^\d{1,15}$/, 'must be a whole number')
    .transform(Number)
    .refine((value) => value >= least && value <= most, `must be from ${least} to ${most}`);
const yesOrNo = z.enum(['true', 'false'], 'must be true or false').transform((text) => text === 'true');

/** Kubernetes quantities; the API server checks the rest. */
const quantities = z.record(z.string(), z.union([z.string(), z.number()]).transform(String));
const resources = z
  .strictObject({ requests: quantities.optional(), limits: quantities.optional() })
  .transform((amounts) => defined(amounts));
/** A part of a pod that is passed on unchanged: the chart's schema has its fields, and the API server checks it. */
const asInAPod = z.record(z.string(), z.json());
const rules = z.array(asInAPod);
const podOptions = z
  .string()
  .transform((text, context): unknown => {
    try {
      return JSON.parse(text);
    } catch {
      context.addIssue({ code: 'custom', message: 'must be JSON' });
      return z.NEVER;
    }
  })
  .pipe(
    z.strictObject({
      imagePullPolicy: z.enum(['Always', 'IfNotPresent', 'Never']).optional(),
      imagePullSecrets: z.array(z.string()).optional(),
      imagePullSecretsByNamespace: z.record(z.string(), z.array(z.string())).optional(),
      nodeSelector: z.record(z.string(), z.string()).optional(),
      affinity: asInAPod.optional(),
      tolerations: z.array(z.record(z.string(), z.union([z.string(), z.number()]))).optional(),
      topologySpreadConstraints: z
        .array(z.looseObject({ topologyKey: z.string(), maxSkew: z.number(), whenUnsatisfiable: z.string() }))
        .optional(),
      labels: z.record(z.string(), z.string()).optional(),
      annotations: z.record(z.string(), z.string()).optional(),
      fixedIds: z.boolean().optional(),
      nodeLostTolerationSeconds: z.number().int().nonnegative().optional(),
      priorityClassName: z.string().min(1).optional(),
      headroomPriorityClassName: z.string().min(1).optional(),
      egress: z
        .strictObject({ campaigns: z.array(z.string()), names: rules, journal: rules, database: rules })
        .optional(),
      apiServerPeers: z.array(asInAPod).optional(),
      tracing: z
        .strictObject({
          endpoint: z.url({
            protocol: /^https?$/,
            error: 'must be a URL, such as http://collector.monitoring.svc:4318',
          }),
          ratio: z.number().min(0).max(1),
        })
        .optional(),
      resources: z.partialRecord(z.enum(WORKLOADS), resources).optional(),
    }),
  );

/** Flag → variable → meaning and default. `--watch-namespaces` is `VOUCHER_OPERATOR_WATCH_NAMESPACES`. */
const settings = z.object({
  kubeconfig: z.string().min(1).optional(),
  context: z.string().min(1).optional(),
  'watch-namespaces': list.pipe(z.array(dnsLabel)).default([]),
  'leader-elect': yesOrNo.default(true),
  'lease-namespace': dnsLabel.optional(),
  'lease-name': dnsLabel.default('voucher-operator'),
  'app-image': z.string('is not set: name the image of the app, by digest in production').min(1),
  site: dnsLabel.default('default'),
  shards: integer(1, 16).default(3),
  'journal-replicas': integer(1, 5).default(3),
  'app-pods': podOptions.optional(),
  'app-log-level': z.enum(LEVELS).default('info'),
  'app-keep-alive-seconds': integer(5, 86_400).optional(),
  'log-level': z.enum(LEVELS).default('info'),
  host: z.string().min(1).default(ANY_ADDRESS),
  port: integer(0, 65_535).default(9090),
  'audit-port': integer(0, 65_535).optional(),
  'resync-seconds': integer(10, 86_400).default(600),
  'max-concurrent': integer(1, 1_000).default(32),
  'journal-dir': z.string().min(1).default('/etc/voucher-operator/journal'),
  'journal-monitor-urls': list
    .pipe(z.array(z.url({ protocol: /^https?$/, error: 'must be URLs, such as http://nats-0.nats:8222' })))
    .default([]),
  'shard-max-bytes': integer(1_048_576, Number.MAX_SAFE_INTEGER).optional(),
  'signals-through': z.enum(['pods', 'api-server'], 'must be pods or api-server').default('pods'),
});

const NAMES = Object.keys(settings.shape);
const variableOf = (flag: string): string => `VOUCHER_OPERATOR_${flag.replaceAll('-', '_').toUpperCase()}`;

const flagsOf = (args: readonly string[]): Readonly<Record<string, unknown>> => {
  try {
    const options = Object.fromEntries(NAMES.map((name) => [name, { type: 'string' as const }]));
    return parseArgs({ args: [...args], options, strict: true }).values;
  } catch (cause) {
    const known = NAMES.map((name) => `--${name}`).join(' ');
    throw new OperatorConfigError(`${cause instanceof Error ? cause.message : cause}. Flags: ${known}`, { cause });
  }
};

/** @throws OperatorConfigError that names the flag, its variable and the remedy */
export const readOperatorConfig = (args: readonly string[], env: NodeJS.ProcessEnv): OperatorConfig => {
  const flags = flagsOf(args);
  const given = Object.fromEntries(
    NAMES.flatMap((name) => {
      // An empty variable is what a template leaves behind for an unset value.
      const value = flags[name] ?? (env[variableOf(name)] || undefined);
      return value === undefined ? [] : [[name, value]];
    }),
  );
  const parsed = settings.safeParse(given);
  if (!parsed.success) {
    const problems = parsed.error.issues.map(({ path: [name], message }) => {
      const flag = String(name);
      return `--${flag} (${variableOf(flag)}) ${message}`;
    });
    throw new OperatorConfigError(problems.join('; '));
  }
  const { data } = parsed;
  const podName = env['POD_NAME'] || hostname();
  return {
    kubeconfig: data.kubeconfig,
    context: data.context,
    watchNamespaces: data['watch-namespaces'],
    lease: data['leader-elect']
      ? { namespace: data['lease-namespace'] ?? (env['POD_NAMESPACE'] || undefined), name: data['lease-name'] }
      : undefined,
    identity: `${podName}_${randomBytes(4).toString('hex')}`,
    build: {
      image: data['app-image'],
      site: data.site,
      shards: data.shards,
      journalReplicas: data['journal-replicas'],
      logLevel: data['app-log-level'],
      keepAliveSeconds: data['app-keep-alive-seconds'],
      ...defined({ pods: data['app-pods'] }),
    },
    logLevel: data['log-level'],
    host: data.host,
    port: data.port,
    auditPort: data['audit-port'],
    resyncMs: data['resync-seconds'] * 1000,
    maxConcurrent: data['max-concurrent'],
    journalDir: data['journal-dir'],
    journalMonitorUrls: data['journal-monitor-urls'],
    shardMaxBytes: data['shard-max-bytes'],
    signalsThrough: data['signals-through'],
  };
};

interface JournalAccess {
  readonly urls: readonly string[];
  readonly user: string;
  readonly password: string;
  readonly ca?: string;
}

/** The operator's account on the journal, from mounted files. @throws OperatorConfigError that names the file */
export const readJournalAccess = async (dir: string): Promise<JournalAccess> => {
  const read = async (key: string): Promise<string> => {
    try {
      return (await readFile(join(dir, key), 'utf8')).trim();
    } catch (cause) {
      throw new OperatorConfigError(
        `${join(dir, key)} can't be read; mount the Secret with the operator's journal account there`,
        { cause },
      );
    }
  };
  const [urls, user, password, ca] = await Promise.all([
    read(DATA_PLANE_KEYS.natsUrl),
    read(DATA_PLANE_KEYS.natsUser),
    read(DATA_PLANE_KEYS.natsPassword),
    readFile(join(dir, DATA_PLANE_KEYS.natsCa), 'utf8').catch(() => undefined),
  ]);
  return { urls: list.parse(urls), user, password, ...defined({ ca }) };
};
