/** Programs that only the benchmark needs, built once and cached beside the cluster's own. */
import { join } from 'node:path';
import { z } from 'zod';
import type { EnsureOptions } from '../../../local/binaries/cache.ts';
import { ensureBinary, type PinnedBinary } from '../../../tools/cluster/binaries.ts';
import { run } from '../../../tools/cluster/run.ts';

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

const downloaded = z.object({ Dir: z.string() });

/** Where Go keeps the sources of a module, got when they are not there: CRDs and stages lie in them. */
const sourcesOf = async (module: string, signal: AbortSignal): Promise<string> =>
  downloaded.parse(JSON.parse(await run('go', ['mod', 'download', '-json', module], { signal }))).Dir;

/** A folder for `kubectl apply --kustomize`. */
export const kedaCrds = async (signal: AbortSignal): Promise<string> =>
  join(await sourcesOf(`github.com/kedacore/keda/v2@${KEDA_VERSION}`, signal), 'config', 'crd');

const STAGES = [
  'node/fast/node-initialize.yaml',
  'node/heartbeat-with-lease/node-heartbeat-with-lease.yaml',
  'pod/fast/pod-ready.yaml',
  'pod/fast/pod-complete.yaml',
  'pod/fast/pod-delete.yaml',
];

/** What its nodes and pods go through, a file each. */
export const kwokStages = async (signal: AbortSignal): Promise<readonly string[]> => {
  const dir = join(await sourcesOf(`sigs.k8s.io/kwok@${KWOK_VERSION}`, signal), 'kustomize', 'stage');
  return STAGES.map((stage) => join(dir, stage));
};

export const ensureAll = async (
  binaries: readonly PinnedBinary[],
  options: EnsureOptions,
): Promise<readonly string[]> => {
  const paths: string[] = [];
  // One after the other: each build takes all cores anyway.
  for (const binary of binaries) paths.push(await ensureBinary(binary, options));
  return paths;
};
