/** Reproducible tar files: sorted, without times, owners by number. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { finished } from 'node:stream/promises';
import { type Header, type Pack, pack } from 'tar-stream';

interface Common {
  /** Below the root, without a leading slash. */
  readonly path: string;
  readonly uid?: number;
  readonly gid?: number;
}

export type Entry =
  | (Common & { readonly kind: 'directory'; readonly mode?: number })
  | (Common & { readonly kind: 'symlink'; readonly target: string })
  /** The file `from` of this machine. Default mode: 0755 or 0644. */
  | (Common & { readonly kind: 'file'; readonly from: string; readonly mode?: number })
  | (Common & { readonly kind: 'text'; readonly text: string | Buffer; readonly mode?: number });

export interface WrittenTar {
  readonly file: string;
  readonly sizeBytes: number;
  /** `sha256:…` of the tar. */
  readonly digest: string;
}

const EPOCH = new Date(0);
const DIRECTORY_MODE = 0o755;

/** By code units, so that the order does not depend on the locale. */
const byPath = (one: Entry, other: Entry): number => (one.path < other.path ? -1 : one.path > other.path ? 1 : 0);

/** Folders of the entries that are not listed, so that each exists once with a known mode. */
const parentsOf = (entries: readonly Entry[]): readonly Entry[] => {
  const listed = new Set(entries.map(({ path }) => path));
  const missing = new Set<string>();
  for (const { path } of entries) {
    const parts = path.split('/').slice(0, -1);
    for (let depth = parts.length; depth > 0; depth -= 1) {
      const parent = parts.slice(0, depth).join('/');
      if (!listed.has(parent)) missing.add(parent);
    }
  }
  return [...missing].map((path) => ({ kind: 'directory', path }));
};

/** Adds missing folders and sorts: a folder comes before its content. @throws Error when a path is listed twice */
export const inOrder = (entries: readonly Entry[]): readonly Entry[] => {
  const all = [...entries, ...parentsOf(entries)].sort(byPath);
  const twice = all.find(({ path }, index) => all[index + 1]?.path === path);
  if (twice !== undefined) throw new Error(`${twice.path} is listed twice in one layer`);
  return all;
};

type HeaderWithName = Partial<Header> & { readonly name: string };

const add = (out: Pack, header: HeaderWithName, content?: Buffer): Promise<void> =>
  new Promise((resolve, reject) => {
    const done = (error?: Error | null): void => (error instanceof Error ? reject(error) : resolve());
    if (content === undefined) out.entry(header, done);
    else out.entry(header, content, done);
  });

const addEntry = async (out: Pack, entry: Entry): Promise<void> => {
  const common = { mtime: EPOCH, uid: entry.uid ?? 0, gid: entry.gid ?? 0 };
  switch (entry.kind) {
    case 'directory':
      return add(out, { ...common, name: `${entry.path}/`, type: 'directory', mode: entry.mode ?? DIRECTORY_MODE });
    case 'symlink':
      return add(out, { ...common, name: entry.path, type: 'symlink', linkname: entry.target, mode: 0o777 });
    case 'text': {
      const content = Buffer.from(entry.text);
      return add(out, { ...common, name: entry.path, mode: entry.mode ?? 0o644, size: content.length }, content);
    }
    case 'file': {
      const content = await readFile(entry.from);
      const isExecutable = ((await stat(entry.from)).mode & 0o111) !== 0;
      const mode = entry.mode ?? (isExecutable ? 0o755 : 0o644);
      return add(out, { ...common, name: entry.path, mode, size: content.length }, content);
    }
  }
};

export const writeTar = async (file: string, entries: readonly Entry[]): Promise<WrittenTar> => {
  const out = pack();
  const target = createWriteStream(file);
  const hash = createHash('sha256');
  let sizeBytes = 0;
  const written = (async () => {
    for await (const chunk of out) {
      if (!Buffer.isBuffer(chunk)) throw new Error('tar-stream returned something other than bytes');
      hash.update(chunk);
      sizeBytes += chunk.length;
      if (!target.write(chunk)) await once(target, 'drain');
    }
    target.end();
    await finished(target);
  })();
  const added = (async () => {
    for (const entry of entries) await addEntry(out, entry);
    out.finalize();
  })();
  try {
    await Promise.all([written, added]);
  } catch (error) {
    // If one fails, the other must not wait for it.
    out.destroy();
    target.destroy();
    throw error;
  }
  return { file, sizeBytes, digest: `sha256:${hash.digest('hex')}` };
};
