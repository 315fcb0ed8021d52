/**
 * A power cut of all three journal servers under load. `npm run soak -- power-cut`, or `node test/soak/power-cut.ts`;
 * root on Linux only. `--runs N` cuts so often (3); `--default-sync` runs only the twin that must lose: the same cut
 * without `sync_interval: always`. A twin that loses nothing fails the run, for then the cut cuts nothing.
 *
 * kill -9 proves little: what a process wrote lives on in the kernel's page cache. So all stores are on one ext4 image;
 * the servers are frozen in mid-write, EXT4_IOC_SHUTDOWN with NOLOGFLUSH makes the file system forget everything that
 * was not fsynced, then they are killed, the image is mounted again and the servers recover from what a disk would have.
 */
import { execFile, execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { jetstreamManager } from '@nats-io/jetstream';
import { eventually } from '../helpers/eventually.ts';
import { copiesInJournal, lostOf } from '../helpers/read-back.ts';
import type { RealJournal } from '../helpers/real-journal.ts';
import { journalSpec, startRealJournal } from '../helpers/real-journal.ts';
import type { Scenario, ScenarioResult } from '../helpers/scenario.ts';

const run = promisify(execFile);

export interface PowerCutOptions {
  /** Off: the twin that must lose. */
  readonly syncAlways: boolean;
  /** Acknowledgements before the power goes. More than a block (8 MiB) for each shard by default. */
  readonly acknowledgements?: number;
  readonly signal: AbortSignal;
  readonly progress: (line: string) => void;
}

export interface PowerCut {
  readonly acked: number;
  /** Acknowledged, and not in any stream afterwards. */
  readonly lost: number;
  /** Found by the same comparison after one acknowledgement was invented: must be `lost + 1`. */
  readonly lostWithOneInvented: number;
  /** In a stream without an acknowledgement: the cut came between. */
  readonly unacknowledged: number;
  readonly streamsGone: readonly string[];
  readonly recoverySeconds: number;
  readonly refused: Readonly<Record<string, number>>;
}

const IMAGE_BYTES = 3 * 2 ** 30;
const RECOVER_WITHIN_MS = 60_000;
/** EXT4_IOC_SHUTDOWN is _IOR('X', 125, u32); flag 2 is NOLOGFLUSH (fs/ext4/ext4.h). */
const SHUTDOWN = "import fcntl,os,struct,sys; fcntl.ioctl(os.open(sys.argv[1],0),0x8004587d,struct.pack('I',2))";

/** Why this machine can't lose its power, or undefined when it can. */
export const missingForPowerCut = (): string | undefined => {
  if (process.platform !== 'linux') return 'needs Linux (EXT4_IOC_SHUTDOWN)';
  if (process.getuid?.() !== 0) return 'needs root to mount a loop device';
  try {
    execFileSync('sh', [
      '-c',
      'command -v mkfs.ext4 && command -v mount && command -v python3 && test -e /dev/loop-control',
    ]);
    return undefined;
  } catch {
    return 'needs mkfs.ext4, mount, python3 and loop devices';
  }
};

const mountImage = (image: string, at: string): Promise<unknown> => run('mount', ['-o', 'loop', image, at]);

const cutPower = async (journal: RealJournal, image: string, at: string): Promise<void> => {
  // Frozen first, all within a moment: nobody may acknowledge after the disk is gone.
  for (const node of journal.cluster.nodes) node.kill('SIGSTOP');
  await run('python3', ['-c', SHUTDOWN, at]);
  for (const node of journal.cluster.nodes) node.kill('SIGKILL');
  const umount = async (): Promise<boolean> => {
    await run('umount', [at]);
    return true;
  };
  await eventually(umount, { what: 'the image to be let go' });
  await mountImage(image, at);
};

/** Streams that came back with a leader; those that never do within the time are gone. */
const recover = async (journal: RealJournal, names: readonly string[]): Promise<readonly string[]> => {
  await Promise.all(journal.cluster.nodes.map((node) => node.restart()));
  // A question that went out before anybody led is never answered; the client would wait 5 s for it.
  const manager = await jetstreamManager(journal.connection.nats, { checkAPI: false, timeout: 500 });
  const back = new Set<string>();
  const look = async (): Promise<boolean> => {
    const known = new Set(await manager.streams.names().next());
    for (const name of names.filter((one) => known.has(one) && !back.has(one))) {
      const { cluster } = await manager.streams.info(name);
      if (cluster?.leader !== undefined) back.add(name);
    }
    return back.size === names.length;
  };
  await eventually(look, { timeoutMs: RECOVER_WITHIN_MS, what: 'the streams', everyMs: 200 }).catch(() => undefined);
  return names.filter((name) => !back.has(name));
};

const play = async (journal: RealJournal, image: string, at: string, options: PowerCutOptions): Promise<PowerCut> => {
  const { signal, progress, acknowledgements = 8_000 } = options;
  const spec = journalSpec();
  await eventually(async () => (await journal.admin.ensure(spec, signal)).kind === 'ready', {
    what: 'the streams',
  });
  const sealed = (): string => Buffer.from(crypto.getRandomValues(new Uint8Array(2_900))).toString('base64');
  const crowd = await journal.startCrowd({ size: 64, sealed });
  await eventually(() => crowd.acked.size >= acknowledgements, { timeoutMs: 120_000, what: 'the acknowledgements' });
  progress(`${crowd.acked.size} acknowledged; the power goes`);
  await cutPower(journal, image, at);
  await crowd.stop();
  const acked = [...crowd.acked.keys()];
  const startedAtMs = performance.now();
  const streamsGone = await recover(
    journal,
    [0, 1, 2].map((shard) => `REG_spring_${shard}`),
  );
  const recoverySeconds = (performance.now() - startedAtMs) / 1000;
  const copies = await copiesInJournal(journal.connection, spec.campaignId, signal, { skipMissing: true });
  const known = new Set(acked);
  return {
    acked: acked.length,
    lost: lostOf(acked, copies).length,
    lostWithOneInvented: lostOf([...acked, 'a receipt that nobody acknowledged'], copies).length,
    unacknowledged: [...copies.keys()].filter((receipt) => !known.has(receipt)).length,
    streamsGone,
    recoverySeconds: Math.round(recoverySeconds * 10) / 10,
    refused: Object.fromEntries(crowd.refused),
  };
};

/** @throws Error when the machine can't: ask missingForPowerCut() first */
export const runPowerCut = async (options: PowerCutOptions): Promise<PowerCut> => {
  const dir = await mkdtemp(join(tmpdir(), 'voucher-power-cut-'));
  const [image, at] = [join(dir, 'disk.img'), join(dir, 'disk')];
  await mkdir(at);
  try {
    await run('truncate', ['-s', String(IMAGE_BYTES), image]);
    await run('mkfs.ext4', ['-q', '-F', image]);
    await mountImage(image, at);
    const nodeDirs = [0, 1, 2].map((i) => join(at, `nats-${i}`));
    const journal = await startRealJournal({ syncAlways: options.syncAlways, nodeDirs });
    try {
      return await play(journal, image, at, options);
    } finally {
      await journal.stop();
    }
  } finally {
    await run('umount', ['-l', at]).catch(() => undefined);
    await rm(dir, { recursive: true, force: true });
  }
};

const RUNS = 3;

const runsOf = (args: readonly string[]): number => {
  const at = args.indexOf('--runs');
  if (at < 0) return RUNS;
  const runs = Number(args[at + 1]);
  if (!Number.isInteger(runs) || runs < 1) throw new Error(`--runs is ${args[at + 1]}; give a whole number from 1`);
  return runs;
};

export const scenario: Scenario = {
  issue: '02',
  async run({ args, signal, progress }): Promise<ScenarioResult> {
    const reason = missingForPowerCut();
    if (reason !== undefined) return { kind: 'not_run', reason };
    if (args.includes('--default-sync')) {
      const twin = await runPowerCut({ syncAlways: false, signal, progress });
      return { kind: 'ran', holds: twin.lost > 0, summary: { ...twin }, raw: twin };
    }
    const runs = runsOf(args);
    const synced: PowerCut[] = [];
    for (let i = 0; i < runs; i += 1) synced.push(await runPowerCut({ syncAlways: true, signal, progress }));
    const twin = await runPowerCut({ syncAlways: false, signal, progress });
    const detects = synced.every(({ lost, lostWithOneInvented }) => lostWithOneInvented === lost + 1);
    const lost = synced.map((one) => one.lost);
    return {
      kind: 'ran',
      holds: lost.every((n) => n === 0) && detects && twin.lost > 0,
      summary: {
        acked: synced.map(({ acked }) => acked),
        lost,
        recoverySeconds: synced.map(({ recoverySeconds }) => recoverySeconds),
        detectsOneInvented: detects,
        withoutSyncAlways: { acked: twin.acked, lost: twin.lost, streamsGone: twin.streamsGone },
      },
      raw: { synced, withoutSyncAlways: twin },
    };
  },
};

if (import.meta.main) {
  const interrupted = new AbortController();
  process.once('SIGINT', () => interrupted.abort(new Error('interrupted')));
  const progress = (line: string): void => console.log(line);
  const result = await scenario.run({ args: process.argv.slice(2), signal: interrupted.signal, progress });
  if (result.kind === 'not_run') console.log(`NOT RUN power-cut: ${result.reason}`);
  else {
    console.log(
      `${JSON.stringify(result.summary, undefined, 2)}\n${result.holds ? 'holds' : 'DOES NOT HOLD'}: power-cut`,
    );
    process.exitCode = result.holds ? 0 : 1;
  }
}
