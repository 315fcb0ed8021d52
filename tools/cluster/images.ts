/** The two images of the cluster itself, each with one static binary, and the import of images into the node. */
import { dirname, join } from 'node:path';
import { cacheDir, type EnsureOptions } from '../../local/binaries/cache.ts';
import { ensureImage } from '../image/fingerprint.ts';
import { architecture, type WrittenImage } from '../image/oci.ts';
import { COREDNS_IMAGE } from './addons.ts';
import { COREDNS, ensureBinary, PAUSE } from './binaries.ts';
import { PAUSE_IMAGE } from './config.ts';
import type { Place } from './place.ts';
import { run } from './run.ts';

const staticImage = async (
  name: string,
  program: string,
  binary: string,
  signal: AbortSignal,
): Promise<WrittenImage> => {
  const path = program.slice(1);
  return ensureImage(
    {
      name,
      architecture: architecture(),
      layers: [[{ kind: 'file', path, from: binary, mode: 0o755 }]],
      config: { entrypoint: [program] },
    },
    join(dirname(cacheDir()), 'images', `${path}-${architecture()}.tar`),
    signal,
  );
};

export const ensureClusterImages = async (options: EnsureOptions): Promise<readonly WrittenImage[]> => [
  await staticImage(PAUSE_IMAGE, '/pause', await ensureBinary(PAUSE, options), options.signal),
  await staticImage(COREDNS_IMAGE, '/coredns', await ensureBinary(COREDNS, options), options.signal),
];

const ctr = (place: Place, args: readonly string[], signal: AbortSignal): Promise<string> =>
  run(join(place.bin, 'ctr'), ['--address', place.containerdSocket, '--namespace', 'k8s.io', ...args], { signal });

/** Name → digest of the manifest, from the output of `ctr images ls`: REF TYPE DIGEST SIZE … */
export const imagesIn = (listing: string): ReadonlyMap<string, string> =>
  new Map(
    listing
      .split('\n')
      .slice(1)
      .flatMap((line) => {
        const [name, , digest] = line.split(/\s+/);
        return name === undefined || digest === undefined ? [] : [[name, digest] as const];
      }),
  );

export const importArchive = async (place: Place, archive: string, signal: AbortSignal): Promise<string> =>
  (await ctr(place, ['images', 'import', archive], signal)).trim();

/** Imports images that are new or have changed. */
export const importImages = async (
  place: Place,
  images: readonly WrittenImage[],
  signal: AbortSignal,
): Promise<void> => {
  const there = imagesIn(await ctr(place, ['images', 'ls'], signal));
  for (const { name, digest, file } of images) {
    if (there.get(name) !== digest) await importArchive(place, file, signal);
  }
};
