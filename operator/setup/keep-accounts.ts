/**
 * Runs beside each of the journal's servers: writes its accounts as a file, and makes the server reload when they or its
 * certificates change. So a new campaign restarts no server, and clients stay connected.
 *
 * Level-triggered: it signals until the server's configuration is newer than the file, also when a signal was lost.
 */
import { createHash } from 'node:crypto';
import { readFile, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { accountsConfig } from './journal-accounts.ts';
import { ROOT_KEYS } from './root.ts';

export interface KeepAccountsOptions {
  readonly requestDir: string;
  readonly rootDir: string;
  readonly tlsDir: string;
  readonly accountsFile: string;
  /** Of the server, without a path. */
  readonly monitorUrl: string;
  /** Makes the server reload its configuration. @throws Error when there is none */
  readonly reload: () => Promise<void>;
  readonly log: (line: string) => void;
}

const request = z.strictObject({ shards: z.int().min(1), campaigns: z.array(z.string().min(1)) });
const monitorPage = z.object({ config_load_time: z.iso.datetime({ offset: true }) });

/** The kubelet delivers a change within a minute or so; this adds little. */
const LOOK_EVERY_MS = 1_000;
const ANSWER_WITHIN_MS = 1_000;
/** A server that began to read just before the file changed reports a time just after. */
const READ_AFTER_MS = 1_000;

const wantedText = async ({ requestDir, rootDir, tlsDir }: KeepAccountsOptions): Promise<string> => {
  const [asked, key, ...certificates] = await Promise.all([
    readFile(join(requestDir, 'accounts.json'), 'utf8'),
    readFile(join(rootDir, ROOT_KEYS.accounts), 'utf8'),
    ...['tls.crt', 'tls.key', 'ca.crt'].map((file) => readFile(join(tlsDir, file), 'utf8')),
  ]);
  const fingerprint = createHash('sha256').update(certificates.join('')).digest('hex').slice(0, 16);
  return accountsConfig(request.parse(JSON.parse(asked)), key.trim(), fingerprint);
};

/** Returns when the file was last written. */
const keepFile = async (options: KeepAccountsOptions): Promise<number> => {
  const { accountsFile, log } = options;
  const wanted = await wantedText(options);
  const present = await readFile(accountsFile, 'utf8').catch(() => undefined);
  if (present !== wanted) {
    // In one step: the server may read at any time.
    await writeFile(`${accountsFile}.new`, wanted, { mode: 0o600 });
    await rename(`${accountsFile}.new`, accountsFile);
    log('the accounts or the certificates changed');
  }
  return (await stat(accountsFile)).mtimeMs;
};

/** When the server last read its configuration. @throws Error when it does not answer */
const loadedAtMs = async (monitorUrl: string): Promise<number> => {
  const answer = await fetch(`${monitorUrl}/varz`, { signal: AbortSignal.timeout(ANSWER_WITHIN_MS) });
  return Date.parse(monitorPage.parse(await answer.json()).config_load_time);
};

/** Until the signal aborts. A failed check changes nothing, and the next one comes in a second. */
export const keepAccounts = async (options: KeepAccountsOptions, signal: AbortSignal): Promise<void> => {
  const { log, monitorUrl, reload } = options;
  let appliedAtMs = Number.NEGATIVE_INFINITY;
  let lastProblem = '';
  while (!signal.aborted) {
    try {
      const writtenAtMs = await keepFile(options);
      if (writtenAtMs > appliedAtMs) {
        if ((await loadedAtMs(monitorUrl)) > writtenAtMs + READ_AFTER_MS) {
          appliedAtMs = writtenAtMs;
          log('the server has read them');
        } else await reload();
      }
      lastProblem = '';
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error);
      // A server that has not started yet is not reported, and a problem only once.
      if (problem !== lastProblem) log(`not yet: ${problem}`);
      lastProblem = problem;
    }
    await delay(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined);
  }
};
