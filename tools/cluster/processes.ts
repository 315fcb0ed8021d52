/**
 * The cluster's processes across runs of the command: each is recorded with its pid and the time the kernel started it,
 * so that `up` knows what died and `down` never ends a stranger who got the pid later.
 */

import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { signalQuietly } from '../../local/signals.ts';
import type { Place } from './place.ts';

const RECORD = z.object({
  pid: z.number().int().positive(),
  /** Clock ticks between boot and the start of the process: field 22 of /proc/PID/stat. */
  startTicks: z.string(),
  /** A pid and its ticks may come again after a reboot. */
  bootId: z.string(),
  command: z.array(z.string()),
});

export type ProcessRecord = z.infer<typeof RECORD>;

export interface ProcessSpec {
  readonly name: string;
  readonly command: readonly [string, ...string[]];
  readonly env?: Readonly<Record<string, string>>;
}

export const bootId = (): string => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();

/** `1234 (a name) with) S 1 …` → field 22. The name may hold blanks and brackets, so fields count from the last bracket. */
export const startTicksIn = (stat: string): string | undefined =>
  stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .at(22 - 3);

/** Undefined for a process that is gone, or that ended and waits for its parent. */
const startTicksOf = (pid: number): string | undefined => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.charAt(stat.lastIndexOf(')') + 2) === 'Z' ? undefined : startTicksIn(stat);
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

const isSame = (one: readonly string[], other: readonly string[]): boolean =>
  one.length === other.length && one.every((part, index) => part === other[index]);

const write = async (place: Place, name: string, record: ProcessRecord): Promise<void> => {
  const file = fileOf(place, name);
  await writeFile(`${file}.new`, JSON.stringify(record));
  await rename(`${file}.new`, file);
};

const recorded = async (place: Place, spec: ProcessSpec, pid: number | undefined): Promise<void> => {
  const startTicks = pid === undefined ? undefined : startTicksOf(pid);
  if (pid === undefined || startTicks === undefined) throw new Error(`could not start ${spec.name}`);
  await write(place, spec.name, { pid, startTicks, bootId: bootId(), command: [...spec.command] });
};

const start = async (place: Place, spec: ProcessSpec): Promise<void> => {
  const log = await open(join(place.logs, `${spec.name}.log`), 'a', 0o600);
  // Not `ip netns exec`: it would also mount another /sys, where kubelet finds no cgroups.
  const namespaces = [`--net=${place.netns}`, `--mount=${place.mountNamespace}`, `--wd=${place.dir}`];
  const child = spawn('nsenter', [...namespaces, ...spec.command], {
    cwd: place.dir,
    detached: true,
    stdio: ['ignore', log.fd, log.fd],
    env: {
      PATH: `${place.bin}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`,
      HOME: place.dir,
      ...spec.env,
    },
  });
  child.once('error', () => undefined);
  child.unref();
  await log.close();
  await recorded(place, spec, child.pid);
};

/** Tools that a user may run from the same folder: not the cluster's processes. */
const TOOLS = ['kubectl', 'helm', 'ctr'];

export interface Found {
  readonly pid: number;
  readonly args: readonly string[];
}

/** True for the argument lists of a cluster's own servers and of containerd's shims, which outlive it by design. */
export const isOfCluster = (args: readonly string[], place: Place): boolean => {
  const [program = ''] = args;
  if (program.startsWith(`${place.bin}/`)) return !TOOLS.includes(program.slice(place.bin.length + 1));
  // A shim's program is named by the file in the cache, which clusters share; the socket is this cluster's.
  if (program.includes('containerd-shim-runc-v2')) return args.includes(place.containerdSocket);
  return args[1]?.endsWith('/volumes-main.ts') === true && args.at(-1) === place.volumes;
};

/** What runs of the cluster by its arguments, recorded or not: all of them carry paths that no one else has. */
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

/** Starts it unless it runs as described already; what runs with another command line is replaced. True when it started. */
export const ensureProcess = async (place: Place, spec: ProcessSpec): Promise<boolean> => {
  await mkdir(place.processes, { recursive: true });
  const record = await recordOf(place, spec.name);
  if (record !== undefined && isRunning(record)) {
    if (isSame(record.command, spec.command)) return false;
    await endProcess(place, spec.name, 10_000);
  }
  // A command that was killed between start and record left it running, and its port taken.
  const orphan = (await processesOf(place)).find(({ args }) => isSame(args, spec.command));
  if (orphan !== undefined) await recorded(place, spec, orphan.pid);
  else await start(place, spec);
  return orphan === undefined;
};

/** SIGTERM, and SIGKILL after `graceMs`; the record goes when the process has. */
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

/** The last lines of its log, for an error that has to say why. */
export const logTail = async (place: Place, name: string, lines = 15): Promise<string> => {
  const text = await readFile(join(place.logs, `${name}.log`), 'utf8').catch(() => '');
  return text.trimEnd().split('\n').slice(-lines).join('\n');
};
