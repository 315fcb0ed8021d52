import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mountVolumes, type VolumeSources } from '../../../local/processes/pod-volumes.ts';

describe('the volumes of a pod', () => {
  let dir = '';
  let data: Record<string, string> | undefined;
  let sources: VolumeSources;
  const at = (volume: string): string => join(dir, 'pod', volume);
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'volumes-'));
    data = { 'config.json': '{}', other: 'x' };
    sources = { secretsDir: join(dir, 'secrets'), configMap: (name) => (name === 'app' ? data : undefined) };
    await mkdir(join(dir, 'secrets', 'keys'), { recursive: true });
    await writeFile(join(dir, 'secrets', 'keys', 'a.key'), 'secret');
    await writeFile(join(dir, 'secrets', 'keys', '.half-written'), '');
  });
  afterEach(() => rm(dir, { recursive: true, force: true }));

  it('hold every key of a ConfigMap and of a Secret, for their owner only', async () => {
    const volumes = [
      { name: 'config', configMap: { name: 'app' } },
      { name: 'privacy', secret: { secretName: 'keys' } },
    ];
    expect(await mountVolumes(volumes, sources, at)).toBeUndefined();
    expect(await readdir(at('config'))).toEqual(['config.json', 'other']);
    expect(await readdir(at('privacy'))).toEqual(['a.key']);
    expect((await stat(join(at('privacy'), 'a.key'))).mode & 0o077).toBe(0);
  });

  it('hold named keys under the names that the volume gives them', async () => {
    const secret = { secretName: 'keys', items: [{ key: 'a.key', path: 'b.key' }] };
    expect(await mountVolumes([{ name: 'privacy', secret }], sources, at)).toBeUndefined();
    expect(await readFile(join(at('privacy'), 'b.key'), 'utf8')).toBe('secret');
  });

  it.each([
    ['a Secret', { name: 'v', secret: { secretName: 'nobody' } }, 'Secret "nobody" not found'],
    ['a ConfigMap', { name: 'v', configMap: { name: 'nobody' } }, 'ConfigMap "nobody" not found'],
    [
      'a key',
      { name: 'v', secret: { secretName: 'keys', items: [{ key: 'b', path: 'b' }] } },
      'Secret "keys" has no key "b"',
    ],
    [
      'a kind of volume',
      { name: 'v', hostPath: { path: '/' } },
      'volume "v" has a type that is not supported for processes',
    ],
  ])('name %s that is missing', async (_name, volume, message) => {
    expect(await mountVolumes([volume], sources, at)).toBe(message);
  });

  it('may do without what is optional', async () => {
    const secret = { secretName: 'nobody', optional: true };
    expect(await mountVolumes([{ name: 'v', secret }], sources, at)).toBeUndefined();
    expect(await readdir(at('v'))).toEqual([]);
  });

  it('follow a change and touch nothing else', async () => {
    const volumes = [{ name: 'config', configMap: { name: 'app' } }];
    await mountVolumes(volumes, sources, at);
    const untouched = (await stat(join(at('config'), 'config.json'))).ino;
    data = { 'config.json': '{}', added: 'y' };
    await mountVolumes(volumes, sources, at);
    expect(await readdir(at('config'))).toEqual(['added', 'config.json']);
    expect((await stat(join(at('config'), 'config.json'))).ino).toBe(untouched);
  });
});
