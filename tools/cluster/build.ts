/** Builds everything that a local cluster and a campaign on it need. */
import type { EnsureOptions } from '../../local/binaries/cache.ts';
import type { WrittenImage } from '../image/oci.ts';
import { ensureImages } from '../image.ts';
import { CLUSTER_BINARIES, ensureBinaries } from './binaries.ts';
import { ensurePackages } from './host.ts';
import { ensureClusterImages } from './images.ts';

/** Returns the images. @throws Error that names what the machine lacks */
export const ensureClusterParts = async (options: EnsureOptions): Promise<readonly WrittenImage[]> => {
  await ensurePackages(options);
  await ensureBinaries(CLUSTER_BINARIES, options);
  return [...(await ensureClusterImages(options)), ...(await ensureImages(options))];
};
