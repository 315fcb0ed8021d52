/** `npm run cluster -- up | down | status | build | load | import IMAGE.tar [--name NAME]` */
import { resolve } from 'node:path';
import { Command } from 'commander';
import { DEFAULT_NAME, down, status, up } from '../cluster.ts';
import { ensureImages } from '../image.ts';
import { ensureClusterParts } from './build.ts';
import { importArchive, importImages } from './images.ts';
import { placeOf } from './place.ts';

interface Named {
  readonly name: string;
}

const progress = (line: string): void => console.error(line);
const interrupted = new AbortController();
const { signal } = interrupted;
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => interrupted.abort());

const assertUp = async (name: string): Promise<void> => {
  if (!(await status(name)).exists) {
    throw new Error(`there is no cluster ${name}; start it with "npm run cluster -- up --name ${name}"`);
  }
};

const program = new Command('cluster').description('a real Kubernetes on this machine');
const command = (usage: string, description: string): Command => program.command(usage).description(description);
const named = (usage: string, description: string): Command =>
  command(usage, description).option('--name <name>', 'name of the cluster', DEFAULT_NAME);

named('up', 'start the cluster, or its missing parts').action(async ({ name }: Named) => {
  const startedAtMs = Date.now();
  const { kubeconfigPath } = await up({ name, progress }, signal);
  console.log(`cluster ${name} is ready after ${((Date.now() - startedAtMs) / 1000).toFixed(1)} s. To use it:`);
  console.log(`  export KUBECONFIG=${kubeconfigPath} PATH=${placeOf(name).bin}:$PATH`);
});
named('down', 'remove the cluster').action(async ({ name }: Named) => {
  await down(name, signal, progress);
  console.log(`cluster ${name} is down`);
});
named('status', 'list its processes').action(async ({ name }: Named) => {
  const { exists, range, kubeconfigPath, processes } = await status(name);
  if (!exists) return void console.log(`there is no cluster ${name}`);
  console.log(`cluster ${name}: addresses ${range}, kubeconfig ${kubeconfigPath}`);
  for (const part of processes) {
    const state = part.isRunning ? `pid ${part.pid}` : 'not running; restart it with "up"';
    console.log(`  ${part.name.padEnd(24)} ${state}`);
  }
});
named('load', 'build the images of this checkout and import them into the node').action(async ({ name }: Named) => {
  await assertUp(name);
  const images = await ensureImages({ signal, progress });
  await importImages(placeOf(name), images, signal);
  for (const image of images) console.log(`${image.name} ${image.digest}`);
});
named('import <archive>', 'import the images of an OCI archive into the node').action(
  async (archive: string, { name }: Named) => {
    await assertUp(name);
    console.log(await importArchive(placeOf(name), resolve(archive), signal));
  },
);
command('build', 'build every binary and image without starting anything').action(async () => {
  for (const { name, file, sizeBytes } of await ensureClusterParts({ signal, progress })) {
    console.log(`${name} ${Math.round(sizeBytes / 2 ** 20)} MiB ${file}`);
  }
});

try {
  await program.parseAsync();
} catch (error) {
  const message = error instanceof Error ? error.message : `${error}`;
  console.error(signal.aborted ? 'interrupted; the same command continues from here' : message);
  process.exitCode = 1;
}
