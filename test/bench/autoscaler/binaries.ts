/** Programs that only the benchmark needs, built once and cached beside the cluster's own. */
import { join } from 'node:path';
import type { EnsureOptions } from '../../../local/binaries/cache.ts';
import { ensureBinary, type PinnedBinary } from '../../../local/cluster/binaries.ts';
import { run } from '../../../local/cluster/run.ts';

const KEDA_VERSION = 'v2.21.0';
const KWOK_VERSION = 'v0.8.0';
const KEDA_DIR = join(import.meta.dirname, 'keda');

const keda = (name: string, estimateSeconds: number): PinnedBinary => ({
  file: `keda-${name}-${KEDA_VERSION}`,
  names: [`keda-${name}`],
  build: {
    label: `KEDA ${name} ${KEDA_VERSION}`,
    source: { kind: 'module', dir: KEDA_DIR, package: `github.com/kedacore/keda/v2/cmd/${name}` },
    ldflags: `-X=github.com/kedacore/keda/v2/version.Version=${KEDA_VERSION.slice(1)}`,
    estimateSeconds,
  },
});

export const KEDA_OPERATOR = keda('operator', 345);
export const KEDA_ADAPTER = keda('adapter', 50);

export const KWOK: PinnedBinary = {
  file: `kwok-${KWOK_VERSION}`,
  names: ['kwok'],
  build: {
    label: `kwok ${KWOK_VERSION}`,
    source: { kind: 'install', package: 'sigs.k8s.io/kwok/cmd/kwok', version: KWOK_VERSION },
    estimateSeconds: 115,
  },
};

export const SERVER: PinnedBinary = {
  file: 'bench-server-1',
  names: ['server'],
  build: {
    label: "the contest's server",
    source: { kind: 'module', dir: join(import.meta.dirname, 'server') },
    estimateSeconds: 10,
  },
};

/** Sources of a module that the cache of Go has since its program was built: CRDs and stages lie in them. */
const moduleDir = async (dir: string, module: string, signal: AbortSignal): Promise<string> => {
  const [path = ''] = (await run('go', ['list', '-m', '-f', '{{.Dir}}', module], { cwd: dir, signal })).split('\n');
  if (path === '') throw new Error(`Go has no sources of ${module}: run "go mod download" in ${dir}`);
  return path;
};

export const kedaCrds = async (signal: AbortSignal): Promise<string> =>
  join(await moduleDir(KEDA_DIR, 'github.com/kedacore/keda/v2', signal), 'config', 'crd');

export const ensureAll = async (
  binaries: readonly PinnedBinary[],
  options: EnsureOptions,
): Promise<readonly string[]> => {
  const paths: string[] = [];
  // One after the other: each build takes all cores anyway.
  for (const binary of binaries) paths.push(await ensureBinary(binary, options));
  return paths;
};
