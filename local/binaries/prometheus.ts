/** Prometheus and promtool, to test rules: from the PATH, the cache, or Debian's package, which is unpacked and not installed. */
import { mkdtempDisposable } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cacheDir, type EnsureOptions, isWholeProgram, onPath, place } from './cache.ts';
import { unpackDebian } from './debian.ts';
import { locked } from './lock.ts';

const PROGRAMS = ['prometheus', 'promtool'] as const;
export type PrometheusPrograms = Readonly<Record<(typeof PROGRAMS)[number], string>>;

/** What is on this machine; undefined: at least one of both is missing. Downloads nothing. */
export const prometheusHere = async (): Promise<PrometheusPrograms | undefined> => {
  const found = async (name: string): Promise<string | undefined> => {
    const cached = join(cacheDir(), name);
    return isWholeProgram(cached) ? cached : onPath(name);
  };
  const [prometheus, promtool] = await Promise.all(PROGRAMS.map(found));
  return prometheus === undefined || promtool === undefined ? undefined : { prometheus, promtool };
};

const unpack = async ({ signal, progress }: EnsureOptions): Promise<void> => {
  progress('downloading Prometheus and promtool from Debian (19 MB)');
  await using scratch = await mkdtempDisposable(join(tmpdir(), 'voucher-prometheus-'));
  await unpackDebian(['prometheus'], scratch.path, signal);
  for (const name of PROGRAMS) await place(join(scratch.path, 'out/usr/bin', name), join(cacheDir(), name));
};

/** @throws Error that names the remedy */
export const ensurePrometheus = async (options: EnsureOptions): Promise<PrometheusPrograms> => {
  const { signal, progress } = options;
  const onWait = () => progress('another process is fetching Prometheus; waiting for it');
  let cause: unknown;
  const here =
    (await prometheusHere()) ??
    (await locked(join(cacheDir(), 'prometheus.lock'), { signal, onWait }, async () => {
      const isThere = await prometheusHere();
      if (isThere !== undefined) return isThere;
      await unpack(options).catch((error: unknown) => {
        signal.throwIfAborted();
        cause = error;
      });
      return prometheusHere();
    }));
  if (here !== undefined) return here;
  throw new Error(
    'no Prometheus on this machine, and Debian’s package could not be downloaded: put prometheus and promtool on the PATH',
    { cause },
  );
};
