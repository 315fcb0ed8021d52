/** How much room a campaign's streams need and the servers have, for the message of a refusal. Pure. */
import type { JournalSpec } from '../administration.ts';
import type { ServerLook } from './servers.ts';
import { claimsMaxBytes, excludedMaxBytes, wantedStreams } from './streams.ts';

const MIB = 2 ** 20;
const GIB = 2 ** 30;

/** `24.0 GiB`, `832 MiB`. */
const bytesText = (bytes: number): string =>
  bytes >= GIB ? `${(bytes / GIB).toFixed(1)} GiB` : `${Math.round(bytes / MIB)} MiB`;

/** Of those that report it, the largest first. */
export const freeBytesOf = (servers: readonly ServerLook[]): readonly number[] =>
  servers
    .flatMap(({ store }) => (store === undefined ? [] : [Math.max(0, store.maxBytes - store.reservedBytes)]))
    .toSorted((a, b) => b - a);

/** With three replicas on three servers each server keeps all of it. */
export const roomText = (
  spec: JournalSpec,
  shardMaxBytes: number | undefined,
  servers: readonly ServerLook[],
  said: string,
): string => {
  const claims = spec.hasClaims === true ? claimsMaxBytes(shardMaxBytes) : 0;
  const excluded = spec.hasExcluded === true ? excludedMaxBytes(shardMaxBytes) : 0;
  const needed = wantedStreams(spec, shardMaxBytes).reduce(
    (sum, { max_bytes = 0 }) => sum + Math.max(0, max_bytes),
    claims + excluded,
  );
  const each = servers.flatMap(({ name, store }) =>
    store === undefined
      ? []
      : [
          `${name} has ${bytesText(Math.max(0, store.maxBytes - store.reservedBytes))} of ${bytesText(store.maxBytes)} free`,
        ],
  );
  const have = each.length === 0 ? '' : `; ${each.join(', ')}`;
  return `the campaign's streams reserve ${bytesText(needed)} on each of ${spec.replicas} servers${have} (${said})`;
};
