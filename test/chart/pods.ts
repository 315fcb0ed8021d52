/** The pods of a rendered chart, whatever makes them. */
import type { Container, PodSpec, PodTemplateSpec } from 'kubernetes-types/core/v1.js';
import type { Manifest } from './render.ts';

export interface RenderedPod {
  /** `Deployment vo`. */
  readonly name: string;
  readonly metadata: NonNullable<PodTemplateSpec['metadata']>;
  readonly spec: PodSpec;
}

const templateOf = (manifest: Manifest): PodTemplateSpec | undefined => {
  if (manifest.kind === 'Pod') return { metadata: { ...manifest.metadata }, spec: manifest.spec as PodSpec };
  return (manifest.spec as { template?: PodTemplateSpec } | undefined)?.template;
};

export const podsOf = (manifests: readonly Manifest[]): readonly RenderedPod[] =>
  manifests.flatMap((manifest) => {
    const { metadata = {}, spec } = templateOf(manifest) ?? {};
    return spec === undefined ? [] : [{ name: `${manifest.kind} ${manifest.metadata.name}`, metadata, spec }];
  });

export const containersOf = ({ initContainers = [], containers }: PodSpec): readonly Container[] => [
  ...initContainers,
  ...containers,
];
