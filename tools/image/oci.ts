/**
 * Builds container images without a container engine: an OCI image layout in one tar, for `ctr images import`, `podman
 * load` and `skopeo copy oci-archive:`. The same files always give the same bytes.
 */
import { createHash } from 'node:crypto';
import { mkdir, mkdtempDisposable, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Entry, inOrder, type WrittenTar, writeTar } from './tar.ts';

interface ImageConfig {
  readonly entrypoint?: readonly string[];
  readonly stopSignal?: string;
  readonly command?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Default: 65532, `nonroot`. A number, so that Kubernetes sees that it is not root. */
  readonly user?: number;
  readonly workingDir?: string;
}

export interface Image {
  /** As in a pod: `nats:2.15.2`, `ghcr.io/owner/name:tag`. */
  readonly name: string;
  /** Go's name of the processor: amd64, arm64. */
  readonly architecture: string;
  readonly layers: readonly (readonly Entry[])[];
  readonly config: ImageConfig;
}

export interface WrittenImage {
  readonly file: string;
  readonly name: string;
  /** Of the manifest: equal digests, equal images. */
  readonly digest: string;
  readonly sizeBytes: number;
}

export const NONROOT = 65_532;

const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };

/** The processor of this machine. @throws Error if it is not x64 or arm64 */
export const architecture = (): string => {
  const known = ARCHITECTURES[process.arch];
  if (known === undefined) throw new Error(`no image can be built for ${process.arch}, only for x64 and arm64`);
  return known;
};

/**
 * The name under which containerd finds an image.
 *
 * | written           | looked up as                       |
 * |-------------------|------------------------------------|
 * | `nats:2.15.2`     | `docker.io/library/nats:2.15.2`    |
 * | `owner/app:1`     | `docker.io/owner/app:1`            |
 * | `ghcr.io/o/app:1` | `ghcr.io/o/app:1`                  |
 * | `nats`            | `docker.io/library/nats:latest`    |
 */
export const fullName = (name: string): string => {
  const first = name.split('/')[0] ?? '';
  const hasRegistry = name.includes('/') && (/[.:]/.test(first) || first === 'localhost');
  const path = hasRegistry ? name : name.includes('/') ? `docker.io/${name}` : `docker.io/library/${name}`;
  return /:[^/]+$/.test(path) ? path : `${path}:latest`;
};

const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));
const digestOf = (content: Buffer): string => `sha256:${createHash('sha256').update(content).digest('hex')}`;
const blobPath = (digest: string): string => `blobs/${digest.replace(':', '/')}`;

const imageConfig = ({ architecture, config }: Image, layers: readonly WrittenTar[]): Buffer =>
  json({
    created: '1970-01-01T00:00:00Z',
    architecture,
    os: 'linux',
    config: {
      User: `${config.user ?? NONROOT}`,
      Env: Object.entries(config.env ?? {}).map(([name, value]) => `${name}=${value}`),
      ...(config.entrypoint === undefined ? {} : { Entrypoint: config.entrypoint }),
      ...(config.stopSignal === undefined ? {} : { StopSignal: config.stopSignal }),
      ...(config.command === undefined ? {} : { Cmd: config.command }),
      WorkingDir: config.workingDir ?? '/',
    },
    rootfs: { type: 'layers', diff_ids: layers.map(({ digest }) => digest) },
    history: layers.map(() => ({ created: '1970-01-01T00:00:00Z' })),
  });

/** Writes the image to `file` in one step: readers see the old archive or the new one. */
export const writeImage = async (image: Image, file: string): Promise<WrittenImage> => {
  await mkdir(dirname(file), { recursive: true });
  // Beside the result, because a rename must not cross file systems.
  await using scratch = await mkdtempDisposable(`${file}.making-`);
  const layers: WrittenTar[] = [];
  for (const [index, entries] of image.layers.entries()) {
    layers.push(await writeTar(join(scratch.path, `layer-${index}`), inOrder(entries)));
  }
  const config = imageConfig(image, layers);
  const manifest = json({
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: {
      mediaType: 'application/vnd.oci.image.config.v1+json',
      digest: digestOf(config),
      size: config.length,
    },
    // Not compressed, because the bytes of gzip depend on its version.
    layers: layers.map(({ digest, sizeBytes }) => ({
      mediaType: 'application/vnd.oci.image.layer.v1.tar',
      digest,
      size: sizeBytes,
    })),
  });
  const name = fullName(image.name);
  const index = json({
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.index.v1+json',
    manifests: [
      {
        mediaType: 'application/vnd.oci.image.manifest.v1+json',
        digest: digestOf(manifest),
        size: manifest.length,
        platform: { os: 'linux', architecture: image.architecture },
        annotations: {
          'io.containerd.image.name': name,
          'org.opencontainers.image.ref.name': name.slice(name.lastIndexOf(':') + 1),
        },
      },
    ],
  });
  const blobs = new Map<string, Entry>();
  for (const { digest, file: from } of layers) {
    blobs.set(digest, { kind: 'file', path: blobPath(digest), from, mode: 0o644 });
  }
  for (const content of [config, manifest]) {
    blobs.set(digestOf(content), { kind: 'text', path: blobPath(digestOf(content)), text: content });
  }
  const archive = await writeTar(
    join(scratch.path, 'archive'),
    inOrder([
      { kind: 'text', path: 'oci-layout', text: json({ imageLayoutVersion: '1.0.0' }) },
      { kind: 'text', path: 'index.json', text: index },
      ...blobs.values(),
    ]),
  );
  await rename(archive.file, file);
  return { file, name, digest: digestOf(manifest), sizeBytes: archive.sizeBytes };
};
