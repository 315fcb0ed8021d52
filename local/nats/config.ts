/** The configuration of one server of the local journal, as text. */

export interface NodeConfig {
  readonly name: string;
  readonly host: string;
  readonly clientPort: number;
  readonly monitorPort: number;
  readonly clusterPort: number;
  readonly routes: readonly string[];
  readonly storeDir: string;
  /** The inside of `authorization { … }`. */
  readonly authorization: string;
  readonly maxFileStoreBytes: number;
  /** Off only to show what the default loses. */
  readonly syncAlways: boolean;
}

export const nodeConfig = (node: NodeConfig): string => `
server_name: ${JSON.stringify(node.name)}
listen: ${JSON.stringify(`${node.host}:${node.clientPort}`)}
server_tags: [${JSON.stringify(`node:${node.name}`)}]
http: ${JSON.stringify(`${node.host}:${node.monitorPort}`)}
authorization {
${node.authorization}
}
jetstream {
  store_dir: ${JSON.stringify(node.storeDir)}
  max_file_store: ${node.maxFileStoreBytes}
  max_memory_store: 67108864
  ${node.syncAlways ? 'sync_interval: always' : ''}
}
cluster {
  name: "voucher-local"
  listen: ${JSON.stringify(`${node.host}:${node.clusterPort}`)}
  routes: [${node.routes.map((route) => JSON.stringify(route)).join(', ')}]
}
`;
