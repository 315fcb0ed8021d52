import type { BuildOptions } from '../../operator/resources/build-options.ts';

export const buildOptions: BuildOptions = {
  image: 'voucher-app@sha256:abc',
  site: 'default',
  shards: 3,
  journalReplicas: 3,
  logLevel: 'info',
};
