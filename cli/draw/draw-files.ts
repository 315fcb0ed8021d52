/** Files that the commands of `draw` read. Errors name the option. */
import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { chainFrom, type DrandChain } from '../../app/draw/sources/drand.ts';
import { parseJson } from '../../contract/untrusted.ts';
import { UsageError } from '../errors.ts';

const reasonOf = (error: unknown): string =>
  typeof error === 'object' && error !== null && 'code' in error && error.code === 'ENOENT'
    ? 'it does not exist'
    : String(error);

/** @throws UsageError */
export const readBytes = async (path: string, option: string): Promise<Buffer> => {
  try {
    return await readFile(path);
  } catch (cause) {
    throw new UsageError(`${option} ${path} can't be read: ${reasonOf(cause)}`, { cause });
  }
};

/** @param path `-`: the standard input @throws UsageError */
export const readLine = async (path: string, option: string): Promise<string> =>
  (path === '-' ? await text(process.stdin) : (await readBytes(path, option)).toString('utf8')).trim();

/** @throws UsageError */
export const readChain = async (path: string): Promise<DrandChain> => {
  const bytes = await readBytes(path, '--drand-chain');
  try {
    return chainFrom(parseJson(bytes));
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message : String(cause);
    throw new UsageError(`--drand-chain ${path}: ${problem}`, { cause });
  }
};
