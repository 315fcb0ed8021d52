/**
 * Records the cluster's processes between runs of the command, with pid and start time. So `up` knows what has ended, and
 * `down` never ends another process that reuses the pid.
 */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { startTimeInStat } from '../../local/processes/start-time.ts';
import { signalQuietly } from '../../local/signals.ts';
import type { Place } from './place.ts';

const RECORD = z.object({
  pid: z.number().int().positive(),
  /** Clock ticks between boot and the start of the process: field 22 of /proc/PID/stat. */
  startTicks: z.string(),
  /** A pid and its ticks can repeat after a reboot. */
  bootId: z.string(),
  command: z.array(z.string()),
});

type ProcessRecord = z.infer<typeof RECORD>;

export interface ProcessSpec {
  readonly name: string;
  readonly command: readonly [string, ...string[]];
}

export const bootId = (): string => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();

/** Undefined for a process that has ended, also if it still waits for its parent. */
const startTicksOf = (pid: number): string | undefined => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.charAt(stat.lastIndexOf(')') + 2) === 'Z' ? undefined : startTimeInStat(stat);
  } catch {
    return undefined;
  }
};

export const isRunning = (record: ProcessRecord): boolean =>
  record.bootId === bootId() && startTicksOf(record.pid) === record.startTicks;

const fileOf = (place: Place, name: string): string => join(place.processes, `${name}.json`);

export const recordOf = async (place: Place, name: string): Promise<ProcessRecord | undefined> => {
  const text = await readFile(fileOf(place, name), 'utf8').catch(() => undefined);
  return text === undefined ? undefined : RECORD.parse(JSON.parse(text));
};

export const recordedNames = async (place: Place): Promise<readonly string[]> =>
  (await readdir(place.processes).catch(() => []))
    .filter((file) => file.endsWith('.json'))
    .map((file) => file.slice(0, -'.json'.length))
    .sort();

const recorded = async (place: Place, spec: ProcessSpec, pid: number | undefined): Promise<void> => {
  const startTicks = pid === undefined ? undefined : startTicksOf(pid);
  if (pid === undefined || startTicks === undefined) throw new Error(`could not start ${spec.name}`);
  const record: ProcessRecord = { pid, startTicks, bootId: bootId(), command: [...spec.command] };
  const file = fileOf(place, spec.name);
  await writeFile(`${file}.new`, JSON.stringify(record));
  await rename(`${file}.new`, file);
};

const start = async (place: Place, spec: ProcessSpec): Promise<void> => {
  const log = await open(join(place.logs, `${spec.name}.log`), 'a', 0o600);
  // Not `ip netns exec`: it mounts another /sys, where kubelet finds no cgroups.
  const namespaces = [`--net=${place.netns}`, `--mount=${place.mountNamespace}`, `--wd=${place.dir}`];
  const child = spawn('nsenter', [...namespaces, ...spec.command], {
    cwd: place.dir,
    detached: true,
    stdio: ['ignore', log.fd, log.fd],
    env: { PATH: `${place.bin}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`, HOME: place.dir },
  });
  child.once('error', () => undefined);
  child.unref();
  await log.close();
  await recorded(place, spec, child.pid);
};

/** Tools in the same folder that users run; they are not processes of the cluster. */
const TOOLS = ['kubectl', 'helm', 'ctr'];

interface Found {
  readonly pid: number;
  readonly args: readonly string[];
}

/** True for the arguments of the cluster's servers and of containerd's shims, which outlive containerd by design. */
export const isOfCluster = (args: readonly string[], place: Place): boolean => {
  const [program = ''] = args;
  if (program.startsWith(`${place.bin}/`)) return !TOOLS.includes(program.slice(place.bin.length + 1));
  // Clusters share the shim's program, but the socket belongs to one cluster.
  if (program.includes('containerd-shim-runc-v2')) return args.includes(place.containerdSocket);
  return args[1]?.endsWith('/volumes-main.ts') === true && args.at(-1) === place.volumes;
};

/** All processes of the cluster, recorded or not, found by the paths in their arguments. */
export const processesOf = async (place: Place): Promise<readonly Found[]> => {
  const found: Found[] = [];
  for (const entry of await readdir('/proc')) {
    const pid = Number(entry);
    if (!(pid > 0)) continue;
    const text = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    const args = text.split('\0').slice(0, -1);
    if (isOfCluster(args, place)) found.push({ pid, args });
  }
  return found;
};

/** Starts the process, or replaces one with another command line. False when it runs already. */
export const ensureProcess = async (place: Place, spec: ProcessSpec): Promise<boolean> => {
  await mkdir(place.processes, { recursive: true });
  const record = await recordOf(place, spec.name);
  if (record !== undefined && isRunning(record)) {
    if (isDeepStrictEqual(record.command, spec.command)) return false;
    await endProcess(place, spec.name, 10_000);
  }
  // A command that was killed after the start and before the record leaves the process running.
  const orphan = (await processesOf(place)).find(({ args }) => isDeepStrictEqual(args, spec.command));
  if (orphan !== undefined) await recorded(place, spec, orphan.pid);
  else await start(place, spec);
  return orphan === undefined;
};

/** SIGTERM, and SIGKILL after `graceMs`. Removes the record when the process has ended. */
export const endProcess = async (place: Place, name: string, graceMs: number): Promise<void> => {
  const record = await recordOf(place, name);
  if (record !== undefined) {
    if (graceMs > 0 && isRunning(record)) signalQuietly(record.pid, 'SIGTERM');
    const killAtMs = Date.now() + graceMs;
    let killed = false;
    while (isRunning(record)) {
      if (!killed && Date.now() >= killAtMs) {
        signalQuietly(record.pid, 'SIGKILL');
        killed = true;
      }
      await sleep(20);
    }
  }
  await rm(fileOf(place, name), { force: true });
};

export const logTail = async (place: Place, name: string, lines = 15): Promise<string> => {
  const text = await readFile(join(place.logs, `${name}.log`), 'utf8').catch(() => '');
  return text.trimEnd().split('\n').slice(-lines).join('\n');
};
