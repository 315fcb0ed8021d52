/** The app of a bench: what the image carries, with an open campaign that admits every citizen. */
import { cp, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { ENV } from '../../../contract/app-contract.ts';
import type { ManagedProcess, SpawnManaged } from '../../../local/managed-process.ts';
import { nodeOptions } from '../../../operator/resources/pod.ts';
import { compiled } from '../../../tools/image/compiled.ts';
import { imagesDir } from '../../../tools/image.ts';
import { settingsOf } from '../../helpers/intake.ts';

/** Of the operator, as its chart has them. */
export const OPERATOR_NODE_OPTIONS = '--max-old-space-size=256 --max-semi-space-size=8';

const ROOT = join(import.meta.dirname, '../../..');

/** Open, without rejections. */
export const settings = settingsOf({
  window: { opensAt: '2020-01-01T00:00:00.000Z', closesAt: '2099-01-01T00:00:00.000Z' },
  traffic: { admissionPerSecond: 1_000_000, intakePods: 1, burstSeconds: 1 },
});

export const startApp = (
  spawn: SpawnManaged,
  dir: string,
  role: 'intake' | 'records',
  ports: { readonly http: number; readonly admin: number },
  nodeArgs: readonly string[],
): ManagedProcess =>
  spawn({
    name: role,
    command: process.execPath,
    args: [...nodeArgs, join(dir, 'app', 'main.js'), role],
    env: {
      PATH: process.env['PATH'] ?? '',
      NODE_OPTIONS: nodeOptions(role),
      [ENV.role]: role,
      [ENV.podName]: role,
      [ENV.configDir]: join(dir, 'config'),
      [ENV.privacyDir]: join(dir, 'secrets/default/privacy'),
      [ENV.dataPlaneDir]: join(dir, 'secrets/default', `data-plane-${role}`),
      [ENV.host]: '127.0.0.1',
      [ENV.portHttp]: String(ports.http),
      [ENV.portAdmin]: String(ports.admin),
    },
    cwd: dir,
    logFile: join(dir, `${role}.log`),
  });

/** The program as the image has it. */
export const installProgram = async (dir: string, signal: AbortSignal): Promise<void> => {
  await cp(await compiled(ROOT, imagesDir(), signal), dir, { recursive: true });
  await symlink(join(ROOT, 'node_modules'), join(dir, 'node_modules'));
  await symlink(join(ROOT, 'package.json'), join(dir, 'package.json'));
};
