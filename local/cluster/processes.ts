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

const started = async (place: Place, spec: ProcessSpec): Promise<void> => {
  const log = await open(join(place.logs, `${spec.name}.log`), 'a', 0o600);
  // The namespace of the network alone: `ip netns exec` would also mount another /sys, where kubelet finds no cgroups.
  const child = spawn('nsenter', [`--net=${place.netns}`, ...spec.command], {
    cwd: place.dir,
    detached: true,
    stdio: ['ignore', log.fd, log.fd],
    env: {
      PATH: `${place.bin}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`,
      HOME: place.dir,
      ...spec.env,
    },
  });
  const { pid } = child;
  child.once('error', () => undefined);
  child.unref();
  await log.close();
  const startTicks = pid === undefined ? undefined : startTicksOf(pid);
  if (pid === undefined || startTicks === undefined) throw new Error(`could not start ${spec.name}`);
  const record: ProcessRecord = { pid, startTicks, bootId: bootId(), command: [...spec.command] };
  const file = fileOf(place, spec.name);
  await writeFile(`${file}.new`, JSON.stringify(record));
  await rename(`${file}.new`, file);
};

/** Starts it unless it runs as described already; what runs with another command line is replaced. True when it started. */
export const ensureProcess = async (place: Place, spec: ProcessSpec): Promise<boolean> => {
  await mkdir(place.processes, { recursive: true });
  const record = await recordOf(place, spec.name);
  if (record !== undefined && isRunning(record)) {
    if (isSame(record.command, spec.command)) return false;
    await endProcess(place, spec.name, 10_000);
  }
  await started(place, spec);
  return true;
};

const signal = (pid: number, name: NodeJS.Signals): void => {
  try {
    process.kill(pid, name);
  } catch {
    // Ended by itself between the look and the signal.
  }
};

/** SIGTERM, and SIGKILL after `graceMs`; the record goes when the process has. */
export const endProcess = async (place: Place, name: string, graceMs: number): Promise<void> => {
  const record = await recordOf(place, name);
  if (record !== undefined) {
    if (graceMs > 0 && isRunning(record)) signal(record.pid, 'SIGTERM');
    const killAtMs = Date.now() + graceMs;
    let killed = false;
    while (isRunning(record)) {
      if (!killed && Date.now() >= killAtMs) {
        signal(record.pid, 'SIGKILL');
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
