/** What Node meets first when it is not the project's own. */
import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, realpath, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

const run = promisify(execFile);
const CLI = fileURLToPath(new URL('../../../cli', import.meta.url));
const OLD = 'data:text/javascript,Object.defineProperty(process.versions,"node",{value:"20.20.2"})';

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'voucher-launcher-'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

describe('cli/main.ts', () => {
  it('is a link to plain JavaScript, so that a Node without types gets that far', async () => {
    expect(await realpath(join(CLI, 'main.ts'))).toBe(join(CLI, 'main.mjs'));
  });

  it('goes on with the project’s own Node where an older one runs it', async () => {
    const { stdout } = await run(process.execPath, ['--import', OLD, join(CLI, 'main.ts'), 'simulate', '--help']);
    expect(stdout).toContain('Usage: kubectl-voucher simulate');
  });

  it('is found by kubectl through a link on the PATH', async () => {
    await symlink(join(CLI, 'main.mjs'), join(dir, 'kubectl-voucher'));
    const PATH = [dir, dirname(process.execPath), process.env['PATH']].join(delimiter);
    const { stdout } = await run('kubectl-voucher', ['simulate', '--help'], { cwd: dir, env: { PATH } });
    expect(stdout).toContain('Usage: kubectl-voucher simulate');
  });

  it('hands over the exit code', async () => {
    await expect(run(process.execPath, ['--import', OLD, join(CLI, 'main.ts'), 'nonsense'])).rejects.toMatchObject({
      code: 2,
    });
  });

  it('says what to type where nothing was installed', async () => {
    await mkdir(join(dir, 'cli'));
    await copyFile(join(CLI, 'main.mjs'), join(dir, 'cli', 'main.mjs'));
    await expect(
      run(process.execPath, ['--import', OLD, join(dir, 'cli', 'main.mjs'), 'status', 'x']),
    ).rejects.toMatchObject({ code: 1, stderr: expect.stringMatching(/Node 24.*npm ci.*npm run voucher -- status x/) });
  });
});
