import { createHash } from 'node:crypto';
import { chmod, mkdtemp, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { extract } from 'tar-stream';
import { z } from 'zod';
import { ensureImage } from '../../../tools/image/fingerprint.ts';
import { fullName, type Image, writeImage } from '../../../tools/image/oci.ts';
import { librariesIn } from '../../../tools/image/rootfs.ts';
import { type Entry, inOrder } from '../../../tools/image/tar.ts';

let dir = '';
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'voucher-image-'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

const anImage = (program: string): Image => ({
  name: 'app:1',
  architecture: 'amd64',
  layers: [
    [
      { kind: 'symlink', path: 'bin/again', target: 'program' },
      { kind: 'file', path: 'bin/program', from: program },
      { kind: 'directory', path: 'data', uid: 7, gid: 8, mode: 0o700 },
    ],
  ],
  config: { entrypoint: ['/bin/program'], env: { A: 'b' }, workingDir: '/data' },
});

const aProgram = async (name: string, text: string): Promise<string> => {
  const path = join(dir, name);
  await writeFile(path, text);
  await chmod(path, 0o755);
  return path;
};

/** Path → what the tar says of it. */
const contents = async (tar: Buffer) => {
  const found = new Map<string, { readonly body: Buffer; readonly header: Record<string, unknown> }>();
  const reader = extract();
  reader.end(tar);
  for await (const entry of reader) {
    const chunks: Buffer[] = [];
    for await (const chunk of entry) if (Buffer.isBuffer(chunk)) chunks.push(chunk);
    found.set(entry.header.name, { body: Buffer.concat(chunks), header: { ...entry.header } });
  }
  return found;
};

const blob = z.object({ digest: z.string(), size: z.number() });
const MANIFEST = z.object({ config: blob, layers: z.array(blob) });
const INDEX = z.object({ manifests: z.array(blob.extend({ annotations: z.record(z.string(), z.string()) })) });
const json = (body: Buffer | undefined): unknown => JSON.parse(`${body}`);

describe('an image archive', () => {
  it('is the same to the byte when written again later from files with other times', async () => {
    const program = await aProgram('program', 'one');
    const first = await writeImage(anImage(program), join(dir, 'a.tar'));
    await utimes(program, 1, 1);
    const second = await writeImage(anImage(program), join(dir, 'b.tar'));
    expect(second.digest).toBe(first.digest);
    expect(await readFile(second.file)).toEqual(await readFile(first.file));
  });

  it('has another digest when a byte of a file differs', async () => {
    const one = await writeImage(anImage(await aProgram('x', 'one')), join(dir, 'c.tar'));
    const two = await writeImage(anImage(await aProgram('x', 'two')), join(dir, 'd.tar'));
    expect(two.digest).not.toBe(one.digest);
  });

  it('names every blob by the digest of its bytes, from the index down to the layer', async () => {
    const { file } = await writeImage(anImage(await aProgram('y', 'one')), join(dir, 'e.tar'));
    const archive = await contents(await readFile(file));
    const body = (digest: string) => archive.get(`blobs/${digest.replace(':', '/')}`)?.body ?? Buffer.alloc(0);
    for (const [path, { body: bytes }] of archive) {
      if (!path.startsWith('blobs/sha256/') || path.endsWith('/')) continue;
      expect(createHash('sha256').update(bytes).digest('hex')).toBe(path.slice('blobs/sha256/'.length));
    }
    const [root] = INDEX.parse(json(archive.get('index.json')?.body)).manifests;
    expect(root?.annotations['io.containerd.image.name']).toBe('docker.io/library/app:1');
    const { config, layers } = MANIFEST.parse(json(body(root?.digest ?? '')));
    expect(json(body(config.digest))).toMatchObject({
      config: { User: '65532', Env: ['A=b'], Entrypoint: ['/bin/program'], WorkingDir: '/data' },
      rootfs: { diff_ids: layers.map(({ digest }) => digest) },
    });
    const layer = await contents(body(layers[0]?.digest ?? ''));
    expect([...layer.keys()]).toEqual(['bin/', 'bin/again', 'bin/program', 'data/']);
    expect(layer.get('bin/program')?.header).toMatchObject({ mode: 0o755, uid: 0, mtime: new Date(0) });
    expect(layer.get('data/')?.header).toMatchObject({ mode: 0o700, uid: 7, gid: 8 });
  });

  it('is left alone while nothing of it changed, and written when something did', async () => {
    const { signal } = new AbortController();
    const program = await aProgram('z', 'one');
    const first = await ensureImage(anImage(program), join(dir, 'f.tar'), signal);
    await writeFile(first.file, 'a mark that a second write would remove');
    expect(await ensureImage(anImage(program), join(dir, 'f.tar'), signal)).toEqual(first);
    expect(`${await readFile(first.file)}`).toMatch(/^a mark/);
    await writeFile(program, 'longer');
    expect((await ensureImage(anImage(program), join(dir, 'f.tar'), signal)).digest).not.toBe(first.digest);
  });

  it('refuses a path that is listed twice: readers would choose differently', () => {
    const twice: Entry[] = [
      { kind: 'text', path: 'a', text: '1' },
      { kind: 'text', path: 'a', text: '2' },
    ];
    expect(() => inOrder(twice)).toThrow('a is listed twice');
  });
});

describe('the full name of an image', () => {
  it.each([
    ['nats:2.15.2', 'docker.io/library/nats:2.15.2'],
    ['nats', 'docker.io/library/nats:latest'],
    ['owner/app:1', 'docker.io/owner/app:1'],
    ['ghcr.io/owner/app:1', 'ghcr.io/owner/app:1'],
    ['localhost/app', 'localhost/app:latest'],
    ['registry:5000/app', 'registry:5000/app:latest'],
  ])('of %s is %s', (name, expected) => {
    expect(fullName(name)).toBe(expected);
  });
});

describe('the libraries that ldd lists', () => {
  it('are those with a path, the loader among them, without the kernel’s own', () => {
    const ldd =
      '\tlinux-vdso.so.1 (0x7f)\n\tlibc.so.6 => /lib/x/libc.so.6 (0x7f)\n\t/lib64/ld-linux-x86-64.so.2 (0x7f)\n';
    expect(librariesIn(ldd)).toEqual(['/lib/x/libc.so.6', '/lib64/ld-linux-x86-64.so.2']);
  });

  it('are none of a static program', () => {
    expect(librariesIn('\tstatically linked\n')).toEqual([]);
  });

  it('that are missing are named', () => {
    expect(() => librariesIn('\tlibicu.so => not found\n')).toThrow('libicu.so');
  });
});
