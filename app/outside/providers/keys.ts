/** Keys of a provider, from the mounted Secret. They can be rotated while the pod runs. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { ConfigError } from '../../config.ts';
import type { IdentityProvider, IdentityQuestion, ProviderAnswer } from '../../verification/ports.ts';

/** Asks with these keys. Rejects only with the signal's reason. */
export type Ask<K> = (question: IdentityQuestion, keys: K, signal: AbortSignal) => Promise<ProviderAnswer>;

/** @throws ConfigError that names the file and the remedy, never its contents */
export const readKey = async (dir: string, file: string): Promise<string> => {
  const path = join(dir, file);
  const remedy = `add the key ${file} to the Secret that spec.verification.secretName names`;
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new ConfigError(`${path} can't be read; ${remedy}`, { cause });
  });
  const key = text.trim();
  if (key === '') throw new ConfigError(`${path} is empty; ${remedy}`);
  // A header can't carry other characters, and no provider issues them.
  if (!/^[\x21-\x7E]+$/.test(key))
    throw new ConfigError(
      `${path} contains spaces or other characters that no key has; write only the key into ${file}`,
    );
  return key;
};

/**
 * Asks with keys that are read again when the provider refuses.
 *
 * | refused, and the files hold | answer  | keys of the next request |
 * |-----------------------------|---------|--------------------------|
 * | the keys that were used     | refused | as the files then say    |
 * | others                      | retry   | the new ones             |
 * | none, or not readable       | refused | as the files then say    |
 */
export const askWithKeys = <K>(ask: Ask<K>, initial: K, read: () => Promise<K>): IdentityProvider['verify'] => {
  let current: { readonly keys: K } | undefined = { keys: initial };
  const attempt = async (question: IdentityQuestion, signal: AbortSignal) => {
    current ??= { keys: await read() };
    const used = current.keys;
    const answer = await ask(question, used, signal);
    if (answer.kind !== 'refused') return answer;
    current = undefined;
    const keys = await read();
    if (isDeepStrictEqual(keys, used)) return answer;
    current = { keys };
    return { kind: 'retry', reason: 'the keys were rotated' } as const;
  };
  return async (question, signal) => {
    try {
      return await attempt(question, signal);
    } catch (error) {
      if (error instanceof ConfigError) return { kind: 'refused', reason: error.message };
      throw error;
    }
  };
};
