/** Writes a bundle to several places, one after the other. */
import type { BundleWriter } from './write.ts';

export const toSeveral = (writers: readonly BundleWriter[]): BundleWriter => ({
  async voucher(files) {
    for (const writer of writers) await writer.voucher(files);
  },
  async end(files) {
    let result: 'written' | 'exists' = 'exists';
    for (const writer of writers) if ((await writer.end(files)) === 'written') result = 'written';
    return result;
  },
  async abort() {
    for (const writer of writers) await writer.abort();
  },
});
