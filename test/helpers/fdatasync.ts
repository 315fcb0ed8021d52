import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Milliseconds of a 4 KiB write and fdatasync on the disk below the temporary folder: {p50, p99} of 200. */
export const measureFdatasync = (): { readonly p50: number; readonly p99: number } => {
  const dir = mkdtempSync(join(tmpdir(), 'voucher-fsync-'));
  const file = openSync(join(dir, 'probe'), 'w');
  const block = Buffer.alloc(4096, 1);
  const samples: number[] = [];
  for (let i = 0; i < 200; i += 1) {
    const startedAt = performance.now();
    writeSync(file, block);
    fdatasyncSync(file);
    samples.push(performance.now() - startedAt);
  }
  closeSync(file);
  rmSync(dir, { recursive: true, force: true });
  samples.sort((a, b) => a - b);
  const at = (share: number): number => Number((samples[Math.floor(samples.length * share)] ?? 0).toFixed(3));
  return { p50: at(0.5), p99: at(0.99) };
};
