/**
 * Builds the images of a campaign and its data plane as OCI archives, from npm packages and cached binaries. Each
 * `ensure…Image` returns at once when nothing has changed. On the command line: `node tools/image.ts`.
 */
import { existsSync } from 'node:fs';
import { readFile, realpath } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { cacheDir, type EnsureOptions, ensureNatsServer, NATS_VERSION } from '../local/binaries.ts';
import { findAccount } from '../local/postgres/account.ts';
import { findNativePostgres, postgresPackageDir } from '../local/postgres/native.ts';
import { compiled } from './image/compiled.ts';
import { ensureImage } from './image/fingerprint.ts';
import { isNotForRunning, productionModules } from './image/node-modules.ts';
import { architecture, type WrittenImage } from './image/oci.ts';
import { folder, NONROOT_ACCOUNT, sharedLibraries, systemFiles } from './image/rootfs.ts';
import type { Entry } from './image/tar.ts';

export const PRODUCT_IMAGE = 'voucher-operator:dev';
export const CROWD_IMAGE = 'voucher-crowd:dev';
const NATS_IMAGE = `nats:${NATS_VERSION}`;

const ROOT = fileURLToPath(new URL('..', import.meta.url));
export const imagesDir = (): string => join(dirname(cacheDir()), 'images');
const archive = (name: string): string => join(imagesDir(), `${name.replace(/[/:]/g, '-')}-${architecture()}.tar`);

const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

const nodeBinary = async (): Promise<string> => {
  const installed = join(ROOT, 'node_modules', 'node', 'bin', 'node');
  return realpath(existsSync(installed) ? installed : process.execPath);
};

/** The first layer changes with Node, the second with the lock file, the third with every edit. */
const productLayers = async ({ signal, progress }: EnsureOptions, parts: readonly string[]) => {
  const node = await nodeBinary();
  const program = await compiled(ROOT, imagesDir(), signal);
  const modules = await productionModules(ROOT, imagesDir(), signal, progress);
  const runtime: Entry[] = [
    { kind: 'file', path: 'usr/local/bin/node', from: node, mode: 0o755 },
    ...(await sharedLibraries([node])),
    ...systemFiles([NONROOT_ACCOUNT]),
  ];
  const app: Entry[] = [{ kind: 'file', path: 'app/package.json', from: join(ROOT, 'package.json'), mode: 0o644 }];
  for (const part of parts) app.push(...(await folder(join(program, part), `app/${part}`)));
  return [runtime, await folder(modules, 'app/node_modules', isNotForRunning), app];
};

interface Program {
  readonly main: string;
  /** Folders of the repository, as JavaScript below /app. */
  readonly parts: readonly string[];
}

const nodeConfig = ({ main }: Program) => ({
  entrypoint: ['/usr/local/bin/node', main],
  env: { PATH, NODE_ENV: 'production' },
  workingDir: '/app',
});

/** Folders that operator and app share. */
const SHARED = ['contract', 'runtime', 'journal', 'simulation'];
/** The Dockerfile builds the same. */
export const PRODUCT: Program = { main: '/app/app/main.js', parts: ['app', 'operator', ...SHARED] };
export const productConfig = nodeConfig(PRODUCT);
/** The load generator, for rehearsals and tests only. */
const CROWD: Program = { main: '/app/local/load/generator.js', parts: [...PRODUCT.parts, 'local'] };

const nodeImage = async (options: EnsureOptions, name: string, program: Program): Promise<WrittenImage> => {
  const config = nodeConfig(program);
  const layers = await productLayers(options, program.parts);
  return ensureImage({ name, architecture: architecture(), layers, config }, archive(name), options.signal);
};

export const ensureProductImage = (options: EnsureOptions, name = PRODUCT_IMAGE): Promise<WrittenImage> =>
  nodeImage(options, name, PRODUCT);

export const ensureCrowdImage = (options: EnsureOptions): Promise<WrittenImage> =>
  nodeImage(options, CROWD_IMAGE, CROWD);

/** The same layout as the official scratch image. */
const ensureNatsImage = async (options: EnsureOptions): Promise<WrittenImage> => {
  const server = await ensureNatsServer(options);
  const layer: Entry[] = [
    { kind: 'file', path: 'nats-server', from: server, mode: 0o755 },
    ...systemFiles([NONROOT_ACCOUNT]),
  ];
  const config = { entrypoint: ['/nats-server'], env: { PATH: `${PATH}:/` } };
  const image = { name: NATS_IMAGE, architecture: architecture(), layers: [layer], config };
  return ensureImage(image, archive(NATS_IMAGE), options.signal);
};

/** The account of the official image. */
const POSTGRES_ID = 999;
/** Copied from this machine: for the entrypoint and for people. */
const TOOLS = ['sh', 'cat', 'chmod', 'ls', 'mkdir', 'mv', 'rm'];

const postgresVersion = async (): Promise<string> => {
  const dir = postgresPackageDir();
  if (dir === undefined) throw new Error('npm has no PostgreSQL for this machine, so its image can not be built');
  const { version } = z
    .object({ version: z.string() })
    .parse(JSON.parse(await readFile(join(dir, 'package.json'), 'utf8')));
  return version.split('.').slice(0, 2).join('.');
};

const postgresImage = async (): Promise<string> => `postgres:${await postgresVersion()}`;

const ensurePostgresImage = async ({ signal }: EnsureOptions): Promise<WrittenImage> => {
  const binDir = await findNativePostgres(
    await findAccount(),
    join(tmpdir(), `voucher-operator-${process.geteuid?.() ?? 0}`),
  );
  const native = dirname(binDir);
  const tools = TOOLS.map((tool) => `/bin/${tool}`);
  const programs = ['initdb', 'postgres'].map((program) => join(binDir, program));
  const layer: Entry[] = [
    ...(await folder(native, 'usr/local/pgsql', (path) => path.endsWith('pg-symlinks.json'))),
    ...['initdb', 'pg_ctl', 'postgres'].map(
      (program): Entry => ({ kind: 'symlink', path: `usr/local/bin/${program}`, target: `../pgsql/bin/${program}` }),
    ),
    ...(await sharedLibraries([...programs, ...tools], native)),
    ...(await Promise.all(
      tools.map(
        async (tool): Promise<Entry> => ({
          kind: 'file',
          path: tool.slice(1),
          from: await realpath(tool),
          mode: 0o755,
        }),
      ),
    )),
    ...systemFiles([{ name: 'postgres', id: POSTGRES_ID, home: '/var/lib/postgresql' }, NONROOT_ACCOUNT]),
    { kind: 'directory', path: 'var/lib/postgresql', uid: POSTGRES_ID, gid: POSTGRES_ID },
    { kind: 'directory', path: 'var/run/postgresql', uid: POSTGRES_ID, gid: POSTGRES_ID, mode: 0o1777 },
    {
      kind: 'file',
      path: 'usr/local/bin/docker-entrypoint.sh',
      from: fileURLToPath(new URL('./image/postgres-entrypoint.sh', import.meta.url)),
      mode: 0o755,
    },
  ];
  const name = await postgresImage();
  const config = {
    entrypoint: ['/usr/local/bin/docker-entrypoint.sh'],
    // As in the official image: after SIGTERM it would wait for its clients, which stay connected.
    stopSignal: 'SIGINT',
    command: ['postgres'],
    env: { PATH, PGDATA: '/var/lib/postgresql/18/docker' },
    user: POSTGRES_ID,
  };
  return ensureImage({ name, architecture: architecture(), layers: [layer], config }, archive(name), signal);
};

/** All images of a campaign and its data plane. */
export const ensureImages = async (options: EnsureOptions): Promise<readonly WrittenImage[]> => [
  await ensureProductImage(options),
  await ensureNatsImage(options),
  await ensurePostgresImage(options),
];

if (import.meta.main) {
  const options = { signal: new AbortController().signal, progress: (line: string) => console.error(line) };
  for (const { name, file, digest, sizeBytes } of await ensureImages(options)) {
    console.log(`${name} ${digest.slice(0, 19)} ${Math.round(sizeBytes / 2 ** 20)} MiB ${file}`);
  }
}
