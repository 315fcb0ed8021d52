/** Every node of a resource's schema with its path, so that a test can hold a rule over all of them. */
import type { ResourceDefinition, SchemaNode } from '../../contract/schema/node.ts';

export interface PlacedNode {
  readonly path: string;
  readonly node: SchemaNode;
  /** True below an atomic or set list, where Kubernetes cannot tell which old item a new one replaces. */
  readonly uncorrelatable: boolean;
}

const below = (path: string, node: SchemaNode, uncorrelatable: boolean): readonly PlacedNode[] => {
  const own = { path, node, uncorrelatable };
  switch (node.type) {
    case 'object':
      return [
        own,
        ...Object.entries(node.properties).flatMap(([name, child]) => below(`${path}.${name}`, child, uncorrelatable)),
      ];
    case 'array':
      return [own, ...below(`${path}[]`, node.items, uncorrelatable || node['x-kubernetes-list-type'] !== 'map')];
    default:
      return [own];
  }
};

export const schemaNodes = (resources: readonly ResourceDefinition[]): readonly PlacedNode[] =>
  resources.flatMap(({ kind, schema }) => below(kind, schema, false));
