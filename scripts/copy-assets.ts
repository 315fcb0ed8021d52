/** After tsc: copies what is served or run as it is to the folder of the compiled programs. */
import { cp } from 'node:fs/promises';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..');
const AS_THEY_ARE = ['cli/dashboard/web'];

for (const folder of AS_THEY_ARE) await cp(join(ROOT, folder), join(ROOT, 'dist', folder), { recursive: true });
