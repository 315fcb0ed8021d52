/**
 * Chengdu's campaign of 2020 on one machine, from the first registration to balanced books, unattended: 3.31 million registrations and
 * 2.5 million winners times `--scale` (default 0.05). Every kind of component is killed once. `--state-dir DIR` keeps all files there, and
 * `--resume` goes on with them after a kill of this process, which ends everything.
 *
 * | step     | ends when                                                              | killed in it |
 * |----------|------------------------------------------------------------------------|--------------|
 * | register | every citizen has a receipt                                            | intake, nats, records, login, postgres, compare, operator |
 * | list     | registration has closed, all are verified, the list is made: journal and database agree | verification |
 * | draw     | the result is announced                                                | the draw's Job |
 * | issue    | every winner has a voucher, and every channel's number agrees          | issuance |
 * | check    | every receipt is in the journal; each winner has one voucher in the channels' books | |
 *
 * `--sabotage lost-one`, `--sabotage double-issue`: the check must find it, and the run ends with exit 1.
 */
import { mkdir, mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { RECEIPT_WORDS, readReceipt } from '../../app/draw/receipt-words.ts';
import { sortHashes } from '../../app/draw/sort-entries.ts';
import { hasHash } from '../../contract/decisions/exclusion.ts';
import { CHANNELS } from '../../contract/envelope.ts';
import { ISSUE_START } from '../../contract/names.ts';
import { connectJournal } from '../../journal/connection.ts';
import { createJournalReplay } from '../../journal/replay.ts';
import { bookLines } from '../../local/channels/books.ts';
import { commitFor, OWNER, valuesFor } from '../../local/demo/draw.ts';
import { type ChannelVoucher, compareIssued } from '../../local/ledger-check/issued.ts';
import { readWinners } from '../../local/ledger-check/read-winners.ts';
import type { StackProcess } from '../../local/stack.ts';
import { issueStartText } from '../../operator/issuance/commands.ts';
import { systemClock } from '../../runtime/clock.ts';
import { sleep } from '../../runtime/sleep.ts';
import { RECEIPT_BYTES, registerAll } from '../helpers/chengdu/crowd.ts';
import { bytesIn, watchMemory } from '../helpers/chengdu/usage.ts';
import {
  booksDirOf,
  newSigningKey,
  readState,
  receiptsFileOf,
  type SoakState,
  type SoakWorld,
  startWorld,
  VOUCHERS,
  writeState,
} from '../helpers/chengdu/world.ts';
import { eventually } from '../helpers/eventually.ts';
import type { Scenario } from '../helpers/scenario.ts';

const REGISTRATIONS = 3_310_000;
const SEED = 2_020;
const OPENS_AFTER_MS = 20_000;
/** Registration is extended while citizens are missing: by so much for each of them, within bounds. */
const EACH_MS = 10;
const [SHORTEST_MARGIN_MS, LONGEST_MARGIN_MS] = [90_000, 6 * 60_000];
const LOOK_MS = 1_000;
const SAY_EVERY_MS = 10_000;
const DAY_MS = 86_400_000;

const marginOf = (count: number): number => Math.min(LONGEST_MARGIN_MS, Math.max(SHORTEST_MARGIN_MS, count * EACH_MS));

/** Parts of a step at which a component is killed. */
const IN_REGISTER: readonly (readonly [part: number, what: string])[] = [
  [0.15, 'intake'],
  [0.3, 'nats'],
  [0.45, 'records'],
  [0.55, 'login'],
  [0.65, 'postgres'],
  [0.8, 'compare'],
  [0.9, 'operator'],
];
const KILLED = [...IN_REGISTER.map(([, what]) => what), 'verification', 'draw', 'issuance'];

interface Run {
  readonly stateDir: string;
  readonly state: SoakState;
  readonly world: SoakWorld;
  readonly signal: AbortSignal;
  readonly progress: (line: string) => void;
}

const isOf = (what: string, { role, name }: StackProcess): boolean =>
  role === what || (role === 'other' && name.includes(`-${what}`));

/** Once in the whole run. @returns whether it was, now or before */
const killOnce = async ({ stateDir, state, world, progress }: Run, what: string, step: string): Promise<boolean> => {
  if (state.kills.some((one) => one.what === what)) return true;
  const { crash } = world.stack;
  if (what === 'postgres') await crash?.database();
  else if (what === 'operator') await crash?.operator();
  else {
    const victim = world.stack.processes().find((one) => isOf(what, one));
    if (victim === undefined) return false;
    world.stack.kill(victim);
  }
  progress(`killed: ${what}`);
  state.kills = [...state.kills, { what, step, at: new Date().toISOString() }];
  await writeState(stateDir, state);
  return true;
};

const conditionOf = ({ world }: Run, type: string) =>
  world.stack.snapshot().conditions.find((one) => one.type === type);

/** Says what a step waits for now and then. */
const until = (run: Run, what: string, isDone: () => boolean | Promise<boolean>, said: () => string) => {
  let saidMs = Number.NEGATIVE_INFINITY;
  const look = async (): Promise<boolean> => {
    if (performance.now() - saidMs >= SAY_EVERY_MS) {
      saidMs = performance.now();
      run.progress(`${what}: ${said()}`);
    }
    return isDone();
  };
  return eventually(look, { what, timeoutMs: DAY_MS, everyMs: LOOK_MS, signal: run.signal });
};

const command = async ({ stateDir, state, world }: Run, annotations: Readonly<Record<string, string>>) => {
  state.annotations = { ...state.annotations, ...annotations };
  await writeState(stateDir, state);
  await world.apply();
};

const textsOf = (commands: readonly { readonly annotation: string; readonly text: string | undefined }[]) =>
  Object.fromEntries(commands.map(({ annotation, text = '' }) => [annotation, text]));

const register = async (run: Run): Promise<void> => {
  const { stateDir, state, world, signal, progress } = run;
  const marginMs = marginOf(state.count);
  let [acknowledged, saidMs] = [0, 0];
  const ended = new AbortController();
  const keepOpen = async (): Promise<void> => {
    while (!ended.signal.aborted) {
      if (state.closesAtMs - Date.now() < marginMs / 2) {
        state.closesAtMs = Date.now() + marginMs;
        await writeState(stateDir, state);
        await world.apply();
      }
      for (const [part, what] of IN_REGISTER)
        if (acknowledged >= part * state.count) await killOnce(run, what, 'register');
      await sleep(systemClock, LOOK_MS, ended.signal);
    }
  };
  const keeping = keepOpen();
  try {
    await registerAll({
      ...state,
      origin: world.stack.url,
      campaignId: world.stack.campaignId,
      categories: VOUCHERS,
      privateKey: state.login.privateKey,
      receiptsFile: receiptsFileOf(stateDir),
      signal,
      onProgress(known) {
        acknowledged = known;
        if (performance.now() - saidMs < SAY_EVERY_MS) return;
        saidMs = performance.now();
        progress(`${known} of ${state.count} citizens have a receipt`);
      },
    });
    await eventually(() => IN_REGISTER.every(([, what]) => state.kills.some((one) => one.what === what)), {
      what: 'every kill of this step',
      timeoutMs: 60_000,
      signal,
    });
  } finally {
    ended.abort();
    await keeping;
  }
};

const list = async (run: Run): Promise<void> => {
  const isListed = async (): Promise<boolean> => {
    await killOnce(run, 'verification', 'list');
    // Those that a run which was stopped has left out.
    for (const [, what] of IN_REGISTER) await killOnce(run, what, 'list');
    return run.world.stack.snapshot().draw?.lists !== undefined;
  };
  await until(run, 'the list of the draw', isListed, () => conditionOf(run, 'ListFrozen')?.message.slice(0, 200) ?? '');
};

const draw = async (run: Run): Promise<void> => {
  const { world } = run;
  const drawOf = () => world.stack.snapshot().draw;
  const said = (): string => conditionOf(run, 'Drawn')?.message.slice(0, 200) ?? '';
  const kill = () => killOnce(run, 'draw', 'draw');
  if (drawOf()?.commitment === undefined) await command(run, textsOf(commitFor(drawOf()?.lists ?? [])));
  const isCommitted = async (): Promise<boolean> => {
    await kill();
    return drawOf()?.commitment !== undefined;
  };
  await until(run, 'the commitment', isCommitted, said);
  await command(run, textsOf(valuesFor(drawOf()?.commitment ?? '')));
  const isAnnounced = async (): Promise<boolean> => {
    await kill();
    return drawOf()?.announced === true;
  };
  await until(run, 'the result', isAnnounced, said);
};

const issue = async (run: Run): Promise<void> => {
  if (run.state.annotations[ISSUE_START] === undefined)
    await command(run, { [ISSUE_START]: issueStartText(OWNER, run.world.stack.snapshot().draw?.result ?? '') });
  const isIssued = async (): Promise<boolean> => {
    if (conditionOf(run, 'Issued')?.reason === 'Issuing') await killOnce(run, 'issuance', 'issue');
    const books = conditionOf(run, 'BooksBalanced');
    return conditionOf(run, 'Issued')?.status === 'True' && books?.reason === 'Settled';
  };
  await until(run, 'the vouchers', isIssued, () => conditionOf(run, 'Issued')?.message.slice(0, 200) ?? '');
};

/** Receipts of the journal's registrations, sorted. */
const journalReceipts = async ({ world, state, signal }: Run): Promise<Buffer> => {
  const { campaignId, shards, ledgerCheck } = world.stack;
  const { natsUrl, natsUser: user, natsPassword: password } = ledgerCheck;
  const connection = await connectJournal({ urls: natsUrl.split(','), user, password }, 'soak', signal);
  try {
    const { replay, lastSequence } = createJournalReplay({ connection, campaignId });
    const all = Array.from({ length: shards }, (_, shard) => shard);
    const messages = (await Promise.all(all.map((shard) => lastSequence(shard, signal)))).reduce((a, b) => a + b, 0);
    const receipts = Buffer.from(new ArrayBuffer(Math.max(messages, state.count) * RECEIPT_BYTES));
    const words = new Uint32Array(RECEIPT_WORDS);
    let end = 0;
    for (const shard of all)
      for await (const batch of replay(shard, 1, signal))
        for (const { subject } of batch) {
          const [, , , type, receipt = ''] = subject.split('.');
          if ((type !== 'received' && type !== 'astray') || !readReceipt(receipt, words)) continue;
          for (const word of words) end = receipts.writeUInt32BE(word, end);
        }
    const found = receipts.subarray(0, end);
    sortHashes(found, RECEIPT_BYTES);
    return found;
  } finally {
    await connection.close();
  }
};

/** What the check must find: a receipt that no one has stored, or a voucher that was issued once more. */
const SABOTAGES = ['lost-one', 'double-issue'] as const;
type Sabotage = (typeof SABOTAGES)[number];
const isSabotage = (word: string): word is Sabotage => SABOTAGES.some((one) => one === word);

const check = async (run: Run, sabotage: Sabotage | undefined) => {
  const { stateDir, state, world, signal } = run;
  // A process that went on here has not seen it yet.
  await issue(run);
  const stored = await journalReceipts(run);
  const file = await open(receiptsFileOf(stateDir), 'r');
  const kept = Buffer.alloc(state.count * RECEIPT_BYTES);
  await file.read(kept, 0, kept.length, 0);
  await file.close();
  if (sabotage === 'lost-one') kept.writeUInt32BE(~kept.readUInt32BE() >>> 0);
  let lost = 0;
  for (let at = 0; at < kept.length; at += RECEIPT_BYTES)
    if (!hasHash(stored, kept.subarray(at, at + RECEIPT_BYTES))) lost += 1;
  const { campaignId, shards, ledgerCheck } = world.stack;
  const books: ChannelVoucher[] = [];
  for (const channel of CHANNELS)
    for await (const line of bookLines(booksDirOf(stateDir), channel))
      if (!('used' in line)) books.push({ channel, ...line });
  const last = books.at(-1);
  if (sabotage === 'double-issue' && last !== undefined) books.push({ ...last, request: 'sabotage' });
  const facts = await readWinners({ ...ledgerCheck, campaignId, shards }, signal);
  const drawn = world.stack.snapshot().draw?.results ?? [];
  const issued = compareIssued({
    facts,
    books,
    drawn: Object.fromEntries(drawn.map(({ voucher, winners }) => [voucher, winners])),
  });
  return { lost, issued };
};

export const scenario: Scenario = {
  issue: '22',
  async run({ args, signal, progress }) {
    const text = { type: 'string' } as const;
    const options = { scale: text, 'state-dir': text, resume: { type: 'boolean' }, sabotage: text } as const;
    const { values } = parseArgs({ args: [...args], options });
    const { sabotage } = values;
    if (sabotage !== undefined && !isSabotage(sabotage)) throw new Error(`--sabotage: one of ${SABOTAGES.join(', ')}`);
    const scale = Number(values.scale ?? '0.05');
    if (!(scale > 0 && scale <= 1)) throw new Error('--scale: a number above 0, at most 1');
    const count = Math.max(300, Math.round(REGISTRATIONS * scale));
    const stated = values['state-dir'];
    if (values.resume === true && stated === undefined) throw new Error('--resume: state --state-dir, too');
    const stateDir = stated ?? (await mkdtemp(join(tmpdir(), 'voucher-chengdu-')));
    await mkdir(stateDir, { recursive: true });
    const known = await readState(stateDir);
    if (known !== undefined && values.resume !== true)
      throw new Error(`${stateDir} has a run already: go on with --resume, or name another folder`);
    if (known === undefined && values.resume === true) throw new Error(`${stateDir} has no run to go on with`);
    const opensAtMs = Date.now() + OPENS_AFTER_MS;
    const state: SoakState = known ?? {
      count,
      seed: SEED,
      opensAtMs,
      closesAtMs: opensAtMs + marginOf(count),
      login: newSigningKey(),
      annotations: {},
      steps: {},
      kills: [],
      resumed: 0,
    };
    if (known !== undefined) state.resumed += 1;
    await writeState(stateDir, state);
    progress(`${state.count} citizens; state in ${stateDir}`);

    const world = await startWorld(stateDir, state, signal, progress);
    const memory = watchMemory(
      () => [
        ...world.stack.processes().map(({ role, id }) => ({ role, pid: Number(id) })),
        { role: 'channels', pid: world.channels.pid },
        { role: 'operator', pid: process.pid },
      ],
      signal,
    );
    try {
      const run: Run = { stateDir, state, world, signal, progress };
      const step = async <T>(name: string, work: () => Promise<T>): Promise<T> => {
        progress(`step ${name}`);
        await memory.take();
        const startedMs = performance.now();
        const result = await work();
        const [nats, postgres] = await Promise.all(
          ['nats', 'postgres'].map((folder) => bytesIn(join(stateDir, 'stack', folder))),
        );
        const books = await bytesIn(booksDirOf(stateDir));
        state.steps[name] = {
          seconds: Math.round(performance.now() - startedMs) / 1_000,
          memory: await memory.take(),
          disk: { nats: nats ?? 0, postgres: postgres ?? 0, books },
        };
        await writeState(stateDir, state);
        return result;
      };
      const steps = { register, list, draw, issue };
      for (const [name, work] of Object.entries(steps))
        if (state.steps[name] === undefined) await step(name, () => work(run));
      const { lost, issued } = await step('check', () => check(run, sabotage));
      const notKilled = KILLED.filter((what) => !state.kills.some((one) => one.what === what));
      const claims = {
        noneLost: lost === 0,
        eachWinnerHasOne: issued.verdict === 'complete' && issued.issued === issued.winners && issued.winners > 0,
        booksBalanced: conditionOf(run, 'BooksBalanced')?.status === 'True',
        everyComponentWasKilled: notKilled.length === 0,
      };
      const holds = Object.values(claims).every(Boolean);
      const mebibytes = (of: Readonly<Record<string, number>>) =>
        Object.fromEntries(Object.entries(of).map(([name, bytes]) => [name, Math.round(bytes / 2 ** 20)]));
      return {
        kind: 'ran' as const,
        holds,
        summary: {
          registrations: state.count,
          lost,
          winners: issued.winners,
          issued: issued.issued,
          missing: issued.missing.length,
          double: issued.double.length,
          findings: issued.findings,
          claims,
          kills: state.kills.map(({ what, step: of }) => `${what} (${of})`),
          notKilled,
          resumed: state.resumed,
          steps: Object.fromEntries(
            Object.entries(state.steps).map(([name, of]) => [
              name,
              { seconds: of.seconds, memoryMiB: mebibytes(of.memory), diskMiB: mebibytes(of.disk) },
            ]),
          ),
        },
        ...(sabotage === undefined ? {} : { twin: sabotage }),
        raw: { steps: state.steps, kills: state.kills },
      };
    } finally {
      memory.stop();
      await world.stop();
      if (stated === undefined) await rm(stateDir, { recursive: true, force: true });
    }
  },
};
