/** ConfigMap and Secret volumes of a pod as files in its own directory. */
import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ConfigMapVolumeSource, KeyToPath, Volume } from 'kubernetes-types/core/v1.js';

export interface VolumeSources {
  /** `data` of a ConfigMap in the pod's namespace. */
  configMap(name: string): Readonly<Record<string, string>> | undefined;
  /** `<secretsDir>/<namespace>`: each Secret is a folder, each key a file. */
  readonly secretsDir: string;
}

export type Files = ReadonlyMap<string, Uint8Array>;
/** `missing` names what the pod waits for, like the kubelet's event FailedMount. */
export type VolumeContent =
  | { readonly kind: 'files'; readonly files: Files }
  | { readonly kind: 'missing'; readonly message: string };

const readSecret = async (dir: string): Promise<Files | undefined> => {
  const entries = await readdir(dir, { withFileTypes: true }).catch(() => undefined);
  if (entries === undefined) return undefined;
  const files = new Map<string, Uint8Array>();
  for (const entry of entries) {
    // A leading dot marks a temporary file of a writer; no key of this product has one.
    if (entry.isFile() && !entry.name.startsWith('.')) files.set(entry.name, await readFile(join(dir, entry.name)));
  }
  return files;
};

/** The keys that the volume lists, under their file names; all keys when it lists none. */
const selectItems = (source: string, all: Files, items: readonly KeyToPath[] | undefined): VolumeContent => {
  if (items === undefined || items.length === 0) return { kind: 'files', files: all };
  const files = new Map<string, Uint8Array>();
  for (const { key, path } of items) {
    const content = all.get(key);
    if (content === undefined) return { kind: 'missing', message: `${source} has no key "${key}"` };
    files.set(path, content);
  }
  return { kind: 'files', files };
};

const content = (source: string, all: Files | undefined, spec: ConfigMapVolumeSource): VolumeContent => {
  if (all !== undefined) return selectItems(source, all, spec.items);
  return spec.optional === true
    ? { kind: 'files', files: new Map() }
    : { kind: 'missing', message: `${source} not found` };
};

const volumeContent = async (volume: Volume, sources: VolumeSources): Promise<VolumeContent> => {
  const { configMap, secret } = volume;
  if (configMap !== undefined) {
    const name = configMap.name ?? '';
    const data = sources.configMap(name);
    const all =
      data && new Map(Object.entries(data).map(([key, text]): [string, Uint8Array] => [key, Buffer.from(text)]));
    return content(`ConfigMap "${name}"`, all, configMap);
  }
  if (secret !== undefined) {
    const name = secret.secretName ?? '';
    return content(`Secret "${name}"`, await readSecret(join(sources.secretsDir, name)), secret);
  }
  if (volume.emptyDir !== undefined) return { kind: 'files', files: new Map() };
  return { kind: 'missing', message: `volume "${volume.name}" has a type that is not supported for processes` };
};

const same = (a: Uint8Array, b: Uint8Array | undefined): boolean => b !== undefined && Buffer.compare(a, b) === 0;

/** Writes changed files, each by a rename, so that no reader sees half of one, and removes all others. */
const writeVolume = async (dir: string, files: Files): Promise<void> => {
  await mkdir(dir, { recursive: true, mode: 0o700 });
  for (const [name, wanted] of files) {
    const path = join(dir, name);
    if (same(wanted, await readFile(path).catch(() => undefined))) continue;
    const temporary = join(dir, `.${name}.${randomUUID()}`);
    await writeFile(temporary, wanted, { mode: 0o600 });
    await rename(temporary, path);
  }
  for (const name of await readdir(dir))
    if (!files.has(name)) await rm(join(dir, name), { force: true, recursive: true });
};

/** Writes all volumes. Returns a message that names the first missing source. */
export const mountVolumes = async (
  volumes: readonly Volume[],
  sources: VolumeSources,
  dirOf: (volumeName: string) => string,
): Promise<string | undefined> => {
  for (const volume of volumes) {
    const found = await volumeContent(volume, sources);
    if (found.kind === 'missing') return found.message;
    if (volume.emptyDir === undefined) await writeVolume(dirOf(volume.name), found.files);
    else await mkdir(dirOf(volume.name), { recursive: true, mode: 0o700 });
  }
  return undefined;
};
