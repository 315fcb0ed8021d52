/** The way from the Service to the database is proven before opening, or it is said what stands in it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { startEmbedded } from '../../../local/embedded.ts';
import { readDatabase } from '../../../local/ledger-check/read-database.ts';
import { signalQuietly } from '../../../local/signals.ts';
import type { Stack } from '../../../local/stack.ts';
import { eventually } from '../../helpers/eventually.ts';
import { stackCampaignYaml } from '../../helpers/with-stack.ts';

let stateDir: string;
let stack: Stack;
const ended = new AbortController();
beforeEach(async () => {
  stateDir = await mkdtemp(join(tmpdir(), 'voucher-canary-'));
  stack = await startEmbedded({
    campaignYaml: stackCampaignYaml({ opensInMs: 600_000, closesInMs: 3_600_000, forecast: 300 }, Date.now()),
    stateDir,
    signal: ended.signal,
    progress: () => undefined,
  });
});
afterEach(async () => {
  await stack?.stop();
  await rm(stateDir, { recursive: true, force: true });
});

const preWarmed = () => stack.snapshot().conditions.find(({ type }) => type === 'PreWarmed');
const becomes = (reason: string): Promise<unknown> =>
  eventually(() => preWarmed()?.reason === reason, { timeoutMs: 90_000, what: `PreWarmed to say ${reason}` });

it('is PreWarmed when a canary has become a row, which counts as no citizen', async () => {
  await becomes('FloorReady');
  expect(preWarmed()?.status).toBe('True');
  const { registrations } = await readDatabase(stack.ledgerCheck, stack.campaignId, ended.signal);
  // One that took longer than a canary may is followed by another.
  expect(new Set(registrations.map(({ kind }) => kind))).toEqual(new Set(['canary']));
});

it('is not PreWarmed while nobody writes rows, says so, and is when somebody does', async () => {
  // Each of them: one that does not start in time is replaced, and on a busy machine that comes before the canary.
  const stopped = new Set<number>();
  const stopping = setInterval(() => {
    for (const { role, id } of stack.processes()) {
      if (role !== 'records' || stopped.has(Number(id))) continue;
      stopped.add(Number(id));
      signalQuietly(Number(id), 'SIGSTOP');
    }
  }, 10);
  try {
    await becomes('CanaryNotConfirmed');
    expect(preWarmed()).toMatchObject({
      status: 'False',
      message: expect.stringContaining('check the records pods'),
    });
    await eventually(() => stack.events().some(({ reason }) => reason === 'CanaryNotConfirmed'), { what: 'its event' });
    expect(stopped.size).toBeGreaterThan(0);
  } finally {
    clearInterval(stopping);
    for (const pid of stopped) signalQuietly(pid, 'SIGCONT');
  }
  await becomes('FloorReady');
});
