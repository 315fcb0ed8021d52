/** A whole embedded stack that verifies identities with a local provider, a crowd that floods it, and what was recorded of both. */
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type LoadProcess, startLoad } from '../../../local/demo/load-process.ts';
import { startEmbedded } from '../../../local/embedded.ts';
import { readJournal } from '../../../local/ledger-check/read-journal.ts';
import { readLedger } from '../../../local/ledger-check/read-ledger.ts';
import { citizenOf } from '../../../local/load/citizen.ts';
import { createSpawner } from '../../../local/managed-process.ts';
import { type ProviderProcess, startProvider } from '../../../local/providers/process.ts';
import { readStalls, recordingStalls, type Stall } from '../../../local/providers/stalls.ts';
import { startReaper } from '../../../local/reaper.ts';
import type { Stack, StackProcess } from '../../../local/stack.ts';
import { eventually } from '../eventually.ts';
import { isStackReady, type StackCampaign, stackCampaignYaml } from '../with-stack.ts';
import { countVerdicts, intakeBetween, type VerdictCount } from './judge.ts';

const PROVIDER = 'tencent';
/** Requests in a second: what Tencent permits by default. */
export const PROVIDER_LIMIT = 100;
const LATENCY_MS = 50;
const SEED = 1;
/** Of a declared pod: more than 8 of them are never needed for 100/s. */
const CAPACITY = 12;
const INTAKE = { min: 2, max: 2, capacityPerReplica: 500 };

/** Twins of the product that a soak must find. */
export const SABOTAGES = ['error-as-mismatch', 'shares-never-expire'] as const;
export type Sabotage = (typeof SABOTAGES)[number];

/** @throws Error for a name that is no sabotage */
export const sabotageOf = (name: string | undefined): Sabotage | undefined => {
  const found = SABOTAGES.find((one) => one === name);
  if (name !== undefined && found === undefined) throw new Error(`--sabotage: one of ${SABOTAGES.join(', ')}`);
  return found;
};

export interface VerifiedStack {
  readonly stack: Stack;
  readonly provider: ProviderProcess;
  /** Citizens arrive from now on, by steps of seconds and arrivals per second. */
  flood(...steps: readonly (readonly [seconds: number, perSecond: number])[]): Promise<LoadProcess>;
  /** Edits the campaign: so many verification pods, until so many are Ready. */
  scale(pods: number): Promise<void>;
  verificationPods(): readonly StackProcess[];
  /** Registrations without a verdict; undefined: unknown. */
  unverified(): number | undefined;
  intakeBetween(fromMs: number, untilMs: number): Promise<ReturnType<typeof intakeBetween>>;
  verdicts(): Promise<VerdictCount>;
  /** Of pods and of the provider, since the start. */
  stalls(): Promise<readonly Stall[]>;
}

export const withVerifiedStack = async <T>(
  { pods, sabotage, signal }: { pods: number; sabotage: Sabotage | undefined; signal: AbortSignal },
  use: (verified: VerifiedStack) => Promise<T>,
): Promise<T> => {
  const dir = await mkdtemp(join(tmpdir(), 'voucher-verified-'));
  const [keysDir, stallsDir, ledgerFile] = [join(dir, 'keys'), join(dir, 'stalls'), join(dir, 'ledger.jsonl')];
  await Promise.all([mkdir(keysDir), mkdir(stallsDir)]);
  const newKey = (): string => randomBytes(18).toString('hex');
  const secret = { [`${PROVIDER}.secret-id`]: newKey(), [`${PROVIDER}.secret-key`]: newKey() };
  for (const [name, text] of Object.entries(secret)) await writeFile(join(keysDir, name), text, { mode: 0o600 });

  const ending = new AsyncDisposableStack();
  try {
    ending.defer(() => rm(dir, { recursive: true, force: true }));
    const reaper = startReaper();
    ending.defer(() => reaper.stop());
    const provider = await startProvider({
      type: 'TencentIdCard',
      name: PROVIDER,
      keysDir,
      perSecond: PROVIDER_LIMIT,
      latencyMs: LATENCY_MS,
      logFile: join(dir, 'provider.log'),
      spawn: createSpawner(reaper),
      signal,
    });
    ending.defer(() => provider.stop());

    const startedAtMs = Date.now();
    const campaign = (count: number): StackCampaign => ({
      intake: INTAKE,
      down: { windowSeconds: 20, percentPerMinute: 100, holdAfterOpen: '30s' },
      verification: {
        provider: { name: PROVIDER, type: 'TencentIdCard', url: provider.url, requestsPerSecond: PROVIDER_LIMIT },
        pods: { min: count, max: count, capacityPerReplica: CAPACITY },
      },
    });
    const preloaded = (file: string): readonly string[] => [
      '--import',
      pathToFileURL(join(import.meta.dirname, file)).href,
    ];
    const stack = await startEmbedded({
      campaignYaml: stackCampaignYaml(campaign(pods), startedAtMs),
      stateDir: join(dir, 'stack'),
      signal,
      progress: () => undefined,
      secrets: { 'voucher-verification': secret },
      nodeArgs: [...recordingStalls(stallsDir), ...(sabotage === undefined ? [] : preloaded(`${sabotage}.ts`))],
    });
    ending.defer(() => stack.stop());
    const areReady = (count: number): boolean => {
      const { verification } = stack.snapshot().tiers;
      return verification?.ready === count && verification.desired === count;
    };
    await eventually(() => isStackReady(stack) && areReady(pods), { what: 'the campaign to be Ready', signal });

    const access = { ...stack.ledgerCheck, campaignId: stack.campaignId, shards: stack.shards };
    return await use({
      stack,
      provider,
      async flood(...steps) {
        const traceFile = join(dir, 'trace.csv');
        let at = 0;
        const rows = steps.map(([seconds, perSecond]) => {
          const row = `${at},${perSecond}`;
          at += seconds;
          return row;
        });
        await writeFile(traceFile, ['seconds,arrivalsPerSecond', ...rows, `${at},0`, ''].join('\n'));
        const load = startLoad({
          url: stack.url,
          traceFile,
          opensAtMs: Date.now(),
          seed: SEED,
          ledgerFile,
          categories: ['dining'],
          logFile: join(dir, 'generator.log'),
        });
        ending.defer(async () => {
          load.stop();
          await load.done.catch(() => undefined);
        });
        return load;
      },
      async scale(count) {
        await stack.applyCampaign(stackCampaignYaml(campaign(count), startedAtMs));
        await eventually(() => areReady(count), { what: `${count} verification pods`, signal });
      },
      verificationPods: () => stack.processes().filter(({ role }) => role === 'verification'),
      unverified: () => stack.snapshot().tiers.verification?.backlog,
      intakeBetween: async (fromMs, untilMs) => intakeBetween(await readLedger(ledgerFile), fromMs, untilMs),
      async verdicts() {
        const ledger = await readLedger(ledgerFile);
        const { later } = await readJournal(access, signal);
        return countVerdicts(ledger, later, (citizen) => citizenOf(SEED, citizen));
      },
      stalls: async () => readStalls(stallsDir, await provider.counts()),
    });
  } finally {
    await ending.disposeAsync();
  }
};
