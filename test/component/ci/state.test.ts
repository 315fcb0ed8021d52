/** `.ci/run` empties its folder: it takes none that it did not make. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

const run = promisify(execFile);
const SCRIPT = fileURLToPath(new URL('../../../.ci/run', import.meta.url));

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'voucher-ci-'));
  // Whatever got past the checks would go on with this npm, which refuses.
  await mkdir(join(dir, 'bin'));
  await writeFile(join(dir, 'bin', 'npm'), '#!/bin/sh\necho "npm $*"\nexit 7\n', { mode: 0o755 });
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const ciRun = (state: string) =>
  run('bash', [SCRIPT], {
    env: { ...process.env, PATH: `${join(dir, 'bin')}:${process.env['PATH']}`, VOUCHER_CI_STATE: state },
  });

describe('.ci/run', () => {
  it('refuses a folder that holds something of others, and leaves it', async () => {
    const state = join(dir, 'home');
    await mkdir(state);
    await writeFile(join(state, 'thesis'), 'mine');
    await expect(ciRun(state)).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining('not made by .ci/run'),
    });
    expect(await readdir(state)).toEqual(['thesis']);
  });

  it('refuses a relative path', async () => {
    await expect(ciRun('state')).rejects.toMatchObject({ code: 1, stderr: expect.stringContaining('absolute path') });
  });

  it('refuses while another run has the folder', async () => {
    const state = join(dir, 'state');
    await mkdir(state);
    await writeFile(join(state, '.voucher-ci'), '');
    const other = run('bash', ['-c', 'read -r line; : .ci/run'], { cwd: dir });
    await symlink(`${other.child.pid}`, join(state, 'pid'));
    await expect(ciRun(state)).rejects.toMatchObject({ code: 1, stderr: expect.stringContaining('runs .ci/run') });
    other.child.kill();
    await other.catch(() => undefined);
  });

  it.each([
    ['a new folder', undefined],
    ['a folder of a run that was killed', '4194305'],
    ['a folder whose process is another program’s by now', `${process.pid}`],
  ])('begins in %s', async (_, pid) => {
    const state = join(dir, 'state');
    if (pid !== undefined) {
      await mkdir(state);
      await writeFile(join(state, '.voucher-ci'), '');
      await symlink(pid, join(state, 'pid'));
    }
    await expect(ciRun(state)).rejects.toMatchObject({ code: 7, stdout: expect.stringContaining('npm ci') });
  });
});
