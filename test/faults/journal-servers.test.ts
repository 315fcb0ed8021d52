/**
 * One server after another stops storing, freezes, loses its disk or runs out of it, beside campaigns that go on. The judgement is
 * of what servers and leaders say, and a server that only a restart heals is restarted, never two at a time.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { JournalFault } from '../../contract/journal-health.ts';
import { healServers } from '../../local/embedded/data-plane.ts';
import { journalDurable } from '../../operator/conditions/journal-conditions.ts';
import { aConditionInput } from '../helpers/condition-input.ts';
import { eventually } from '../helpers/eventually.ts';
import { injectErrors } from '../helpers/outages/strace.ts';
import { copiesInJournal, lostOf } from '../helpers/read-back.ts';
import { type Crowd, journalSpec, never, type RealJournal, startRealJournal } from '../helpers/real-journal.ts';

let journal: RealJournal | undefined;
let healing: AbortController | undefined;
afterEach(async () => {
  healing?.abort();
  await journal?.stop();
  journal = undefined;
});

const started = async (): Promise<{ readonly real: RealJournal; readonly crowd: Crowd }> => {
  const real = await startRealJournal({ supervise: true });
  journal = real;
  expect(await real.ensured()).toMatchObject({ kind: 'ready' });
  const crowd = await real.startCrowd({ size: 8 });
  await eventually(() => crowd.acked.size > 100, { what: 'registrations' });
  await verdictIs(real, 'True', 'Verified');
  return { real, crowd };
};

const verdictOf = async (real: RealJournal) =>
  journalDurable(aConditionInput({ observed: { journal: await real.admin.ensure(journalSpec(), never) } }));

/** Asked as the operator does, until the condition is this one. */
const verdictIs = async (real: RealJournal, status: string, reason: string, timeoutMs = 90_000): Promise<string> => {
  const startedAtMs = performance.now();
  let last = '';
  const verdict = await eventually(
    async () => {
      const now = await verdictOf(real);
      last = now.reason;
      return now.status === status && now.reason === reason ? now : undefined;
    },
    { what: `${status}/${reason}`, everyMs: 250, timeoutMs },
  ).catch((cause: unknown) => {
    throw new Error(`${reason} never came, last it was ${last}`, { cause });
  });
  const seconds = Math.round((performance.now() - startedAtMs) / 100) / 10;
  console.log(`${status} ${reason} after ${seconds} s: ${verdict.message}`);
  return verdict.message;
};

const failForAWhile = async (real: RealJournal, n: number, timeoutMs = 90_000): Promise<void> => {
  const node = real.cluster.nodes[n];
  if (node === undefined) throw new Error(`no server ${n}`);
  const injection = await injectErrors(node.pid(), 'EIO');
  try {
    await eventually(async () => (await page(`${node.monitorUrl}/healthz?details=true`)).includes('write error'), {
      what: 'a write error',
      timeoutMs,
    });
  } finally {
    await injection.stop();
  }
};

const page = async (url: string): Promise<string> => (await fetch(url)).text();

const nothingLost = async (real: RealJournal, crowd: Crowd): Promise<void> => {
  await crowd.stop();
  const copies = await eventually(() => copiesInJournal(real.connection, 'spring', never), {
    what: 'a journal that can be read',
  });
  expect(lostOf(crowd.acked.keys(), copies)).toEqual([]);
};

const heal = (real: RealJournal): void => {
  healing = new AbortController();
  void healServers(real.cluster, join(real.dir, 'heal.log'), healing.signal);
};

describe('a journal whose servers fail', () => {
  it('says which server stopped storing after one failed fsync, and has it back by a restart of that server alone', async () => {
    const { real, crowd } = await started();
    const pids = real.cluster.nodes.map((node) => node.pid());
    await failForAWhile(real, 1);
    const message = await verdictIs(real, 'False', 'ServerWriteError');
    expect(message).toMatch(/^nats-1 could not write \(input\/output error\)/);
    heal(real);
    await verdictIs(real, 'True', 'Verified');
    const after = real.cluster.nodes.map((node) => node.pid());
    expect([after[0] === pids[0], after[1] === pids[1], after[2] === pids[2]]).toEqual([true, false, true]);
    await nothingLost(real, crowd);
  });

  it('takes registrations again after all three have failed, one after the other', async () => {
    const { real, crowd } = await started();
    // While nobody restarts them, no shard is left with a leader, though every disk is well again.
    for (const n of [0, 1]) await failForAWhile(real, n);
    // Nothing may be written any more that could fail on the third one.
    await failForAWhile(real, 2, 5_000).catch(() => undefined);
    await eventually(async () => (await verdictOf(real)).status !== 'True', { what: 'a condition that is not True' });
    heal(real);
    await verdictIs(real, 'True', 'Verified', 150_000);
    const before = crowd.acked.size;
    await eventually(() => crowd.acked.size > before + 100, { what: 'registrations again' });
    await nothingLost(real, crowd);
  });

  it('does not say Verified while a server is frozen, and names it', async () => {
    const { real, crowd } = await started();
    real.cluster.nodes[2]?.kill('SIGSTOP');
    expect(await verdictIs(real, 'False', 'ServerUnreachable')).toMatch(/^nats-2 has not answered since /);
    real.cluster.nodes[2]?.kill('SIGCONT');
    await verdictIs(real, 'True', 'Verified');
    await nothingLost(real, crowd);
  });

  it('says that a server with an empty disk catches up, and never that something stays wrong', async () => {
    const { real, crowd } = await started();
    const node = real.cluster.nodes[0];
    const seen = new Set<string>();
    const watch = setInterval(() => {
      for (const fault of real.admin.faults?.(journalSpec()) ?? []) seen.add((fault satisfies JournalFault).kind);
    }, 100);
    node?.kill('SIGKILL');
    await rm(join(real.dir, 'nats-0', 'jetstream'), { recursive: true, force: true });
    await eventually(() => seen.size > 0, { what: 'a fault that is told' });
    await verdictIs(real, 'True', 'Verified');
    clearInterval(watch);
    console.log(`a lost disk: ${[...seen].join(', ')}`);
    for (const kind of seen) expect(['restarting', 'catchingUp', 'electing']).toContain(kind);
    await nothingLost(real, crowd);
  });
});
