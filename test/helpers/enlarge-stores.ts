/** What an administrator does for servers whose disks are full: a larger disk, a larger limit, a restart each. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { never, type RealJournal } from './real-journal.ts';

export const enlargeStores = async ({ dir, cluster }: RealJournal, bytes: number): Promise<void> => {
  for (const node of cluster.nodes) {
    const file = join(dir, `${node.name}.conf`);
    const text = await readFile(file, 'utf8');
    await writeFile(file, text.replace(/max_file_store: \d+/, `max_file_store: ${bytes}`));
    await node.restart();
  }
  await cluster.ready(never);
};
