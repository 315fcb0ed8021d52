/** The provider of identities that the demo starts: Tencent's protocol on this machine. Nothing leaves it. */
import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SpawnManaged } from '../managed-process.ts';
import { type OutsideServer, outsideUrl } from '../on-cluster/outside.ts';
import { type Counts, counts as countsBody } from '../providers/counts.ts';
import { startProvider } from '../providers/process.ts';
import { readStalls, recordingStalls, type Stall } from '../providers/stalls.ts';

export interface DemoProvider {
  /** As the campaign's pods reach it. */
  readonly url: string;
  /** Of the Secret that `spec.verification.secretName` names. */
  readonly secret: Readonly<Record<string, string>>;
  /** Of the pods' processes, whose stalls are recorded. */
  readonly nodeArgs: readonly string[];
  /** The stack is to start it. Absent: it runs. */
  readonly server?: OutsideServer;
  /** The provider's own count. @param url as this machine reaches it */
  counts(url?: string): Promise<Counts>;
  /** Of pods, and of the provider as it counted. Absent: those of pods are not recorded. */
  stalls?(counts: Counts): Promise<readonly Stall[]>;
  stop(): Promise<void>;
}

export const PROVIDER_NAME = 'tencent';
/** Requests per second: below the peak of the crowd, so that a backlog builds up, and enough to be done with it soon after. */
export const PROVIDER_RATE = 120;
const LATENCY_MS = 50;

const newSecret = (): DemoProvider['secret'] => {
  const newKey = (): string => randomBytes(18).toString('hex');
  return { [`${PROVIDER_NAME}.secret-id`]: newKey(), [`${PROVIDER_NAME}.secret-key`]: newKey() };
};

/** As a pod of the cluster, which the stack starts. */
export const clusterProvider = (): DemoProvider => {
  const secret = newSecret();
  const limits = ['--per-second', String(PROVIDER_RATE), '--latency-ms', String(LATENCY_MS)];
  return {
    url: outsideUrl(PROVIDER_NAME),
    secret,
    nodeArgs: [],
    server: {
      name: PROVIDER_NAME,
      main: 'local/providers/main',
      args: ['--type', 'TencentIdCard', '--name', PROVIDER_NAME, ...limits],
      keys: secret,
    },
    counts: async (url) => countsBody.parse(await (await fetch(`${url}/_counts`)).json()),
    stop: async () => undefined,
  };
};

export const startDemoProvider = async (
  stateDir: string,
  spawn: SpawnManaged,
  signal: AbortSignal,
): Promise<DemoProvider> => {
  const [keysDir, stallsDir] = [join(stateDir, 'provider'), join(stateDir, 'stalls')];
  await mkdir(keysDir, { recursive: true, mode: 0o700 });
  await mkdir(stallsDir);
  const secret = newSecret();
  for (const [name, text] of Object.entries(secret)) await writeFile(join(keysDir, name), text, { mode: 0o600 });
  const { url, counts, stop } = await startProvider({
    type: 'TencentIdCard',
    name: PROVIDER_NAME,
    keysDir,
    perSecond: PROVIDER_RATE,
    latencyMs: LATENCY_MS,
    logFile: join(keysDir, 'provider.log'),
    spawn,
    signal,
  });
  const stalls = (of: Counts): Promise<readonly Stall[]> => readStalls(stallsDir, of);
  return { url, secret, nodeArgs: recordingStalls(stallsDir), counts: () => counts(), stalls, stop };
};
