/** Keys for an outside system, from a mounted Secret. They can be rotated while the pod runs. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { ConfigError } from '../config.ts';

/** A folder with the files of a Secret, and the field of the spec that names it, for the remedy. */
export interface KeyFolder {
  readonly dir: string;
  readonly field: string;
}

const remedyOf = ({ field }: KeyFolder, file: string): string =>
  `add the key ${file} to the Secret that ${field} names`;

const isMissing = (error: unknown): boolean =>
  typeof error === 'object' && error !== null && 'code' in error && error.code === 'ENOENT';

/**
 * Undefined where there is no such file.
 * @throws ConfigError that names the file and the remedy, never its contents
 */
export const readOptionalText = async (folder: KeyFolder, file: string): Promise<string | undefined> => {
  const path = join(folder.dir, file);
  try {
    const text = (await readFile(path, 'utf8')).trim();
    if (text === '') throw new ConfigError(`${path} is empty; ${remedyOf(folder, file)}`);
    return text;
  } catch (error) {
    if (isMissing(error)) return undefined;
    if (error instanceof ConfigError) throw error;
    throw new ConfigError(`${path} can't be read; ${remedyOf(folder, file)}`, { cause: error });
  }
};

/** @throws ConfigError that names the file and the remedy, never its contents */
export const readText = async (folder: KeyFolder, file: string): Promise<string> => {
  const text = await readOptionalText(folder, file);
  if (text === undefined) throw new ConfigError(`${join(folder.dir, file)} can't be read; ${remedyOf(folder, file)}`);
  return text;
};

/** One line without spaces, as a header can carry it. */
const checked = (folder: KeyFolder, file: string, key: string): string => {
  // A header can't carry other characters, and no system issues them.
  if (!/^[\x21-\x7E]+$/.test(key))
    throw new ConfigError(
      `${join(folder.dir, file)} contains spaces or other characters that no key has; write only the key into ${file}`,
    );
  return key;
};

/** @throws ConfigError that names the file and the remedy, never its contents */
export const readKey = async (folder: KeyFolder, file: string): Promise<string> =>
  checked(folder, file, await readText(folder, file));

export interface KeyedAsk<K, A> {
  readonly ask: (keys: K) => Promise<A>;
  /** The answer may mean that the keys are others by now. */
  readonly isSuspect: (answer: A) => boolean;
  /** In place of a suspect answer, when the files hold other keys. */
  readonly rotated: A;
  /** When the files can't be read. */
  readonly unreadable: (reason: string) => A;
}

/** Asks once with the keys that are in use. Rejects with what `ask` rejects with. */
export type WithKeys<K> = <A>(asked: KeyedAsk<K, A>) => Promise<A>;

/**
 * Keys that are read again when an answer is suspect.
 *
 * | suspect, and the files hold | answer     | keys of the next request |
 * |-----------------------------|------------|--------------------------|
 * | the keys that were used     | as it is   | as the files then say    |
 * | others                      | rotated    | the new ones             |
 * | none, or not readable       | unreadable | as the files then say    |
 */
export const keepKeys = <K>(initial: K, read: () => Promise<K>): WithKeys<K> => {
  let current: { readonly keys: K } | undefined = { keys: initial };
  return async ({ ask, isSuspect, rotated, unreadable }) => {
    try {
      current ??= { keys: await read() };
      const used = current.keys;
      const answer = await ask(used);
      if (!isSuspect(answer)) return answer;
      current = undefined;
      const keys = await read();
      if (isDeepStrictEqual(keys, used)) return answer;
      current = { keys };
      return rotated;
    } catch (error) {
      if (error instanceof ConfigError) return unreadable(error.message);
      throw error;
    }
  };
};
