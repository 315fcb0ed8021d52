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

const seconds = (sinceMs: number): string => `${((Date.now() - sinceMs) / 1000).toFixed(1)} s`;

const upCommand = async ({ name }: Named, signal: AbortSignal): Promise<void> => {
  const startedAtMs = Date.now();
  const cluster = await up({ name, progress }, signal);
  console.log(`cluster ${name} is ready after ${seconds(startedAtMs)}. To use it:`);
  console.log(`  export KUBECONFIG=${cluster.kubeconfigPath} PATH=${placeOf(name).bin}:$PATH`);
};

const statusCommand = async ({ name }: Named): Promise<void> => {
  const { exists, range, kubeconfigPath, processes } = await status(name);
  if (!exists) return void console.log(`there is no cluster ${name}`);
  console.log(`cluster ${name}: addresses ${range}, kubeconfig ${kubeconfigPath}`);
  for (const part of processes) {
    console.log(
      `  ${part.name.padEnd(24)} ${part.isRunning ? `pid ${part.pid}` : 'not running; restart it with "up"'}`,
    );
  }
};

const buildCommand = async (signal: AbortSignal): Promise<void> => {
  for (const { name, file, sizeBytes } of await ensureClusterParts({ signal, progress })) {
    console.log(`${name} ${Math.round(sizeBytes / 2 ** 20)} MiB ${file}`);
  }
};

const assertUp = async (name: string): Promise<void> => {
  if (!(await status(name)).exists) {
    throw new Error(`there is no cluster ${name}; start it with "npm run cluster -- up --name ${name}"`);
  }
};

const loadCommand = async ({ name }: Named, signal: AbortSignal): Promise<void> => {
  await assertUp(name);
  const images = await ensureImages({ signal, progress });
  await importImages(placeOf(name), images, signal);
  for (const image of images) console.log(`${image.name} ${image.digest}`);
};

const commands = (signal: AbortSignal): Command => {
  const program = new Command('cluster').description('a real Kubernetes on this machine');
  const named = (command: Command): Command => command.option('--name <name>', 'name of the cluster', DEFAULT_NAME);
  named(program.command('up').description('start the cluster, or its missing parts')).action((options: Named) =>
    upCommand(options, signal),
  );
  named(program.command('down').description('remove the cluster')).action(async ({ name }: Named) => {
    await down(name, signal, progress);
    console.log(`cluster ${name} is down`);
  });
  named(program.command('status').description('list its processes')).action(statusCommand);
  named(program.command('load').description('build the images of this checkout and import them into the node')).action(
    (options: Named) => loadCommand(options, signal),
  );
  named(program.command('import <archive>').description('import the images of an OCI archive into the node')).action(
    async (archive: string, { name }: Named) => {
      await assertUp(name);
      console.log(await importArchive(placeOf(name), resolve(archive), signal));
    },
  );
  program
    .command('build')
    .description('build every binary and image without starting anything')
    .action(() => buildCommand(signal));
  return program;
};

const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupted.abort());
try {
  await commands(interrupted.signal).parseAsync();
} catch (error) {
  const message = error instanceof Error ? error.message : `${error}`;
  console.error(interrupted.signal.aborted ? 'interrupted; the same command continues from here' : message);
  process.exitCode = 1;
}
