/** The lease of leader election, coordination.k8s.io/v1. */
import { z } from 'zod';
import type { LeaseRecord, LeaseStore, VersionedLease } from '../leadership/elector.ts';
import type { KubeClient } from './client.ts';
import { isKubeError } from './errors.ts';
import { LEASES } from './resources.ts';

const leaseSchema = z.object({
  metadata: z.object({ resourceVersion: z.string() }),
  spec: z
    .object({
      holderIdentity: z.string().nullish(),
      leaseDurationSeconds: z.number().nullish(),
      acquireTime: z.string().nullish(),
      renewTime: z.string().nullish(),
      leaseTransitions: z.number().nullish(),
    })
    .default({}),
});

const toMs = (text: string | null | undefined): number => (text ? Date.parse(text) : 0);

/** MicroTime: six digits after the point. */
const microTime = (atMs: number): string => new Date(atMs).toISOString().replace('Z', '000Z');

const parse = (answer: unknown): VersionedLease => {
  const { metadata, spec } = leaseSchema.parse(answer);
  return {
    holder: spec.holderIdentity ?? '',
    durationMs: (spec.leaseDurationSeconds ?? 0) * 1000,
    acquiredAtMs: toMs(spec.acquireTime),
    renewedAtMs: toMs(spec.renewTime),
    transitions: spec.leaseTransitions ?? 0,
    version: metadata.resourceVersion,
  };
};

/**
 * @param client one without `assertMayWrite`: it is the lease that allows to write
 * @param annotations what its holder says of itself, asked for at each renewal: who reads the lease needs no other right
 */
export const createLeaseStore = (
  client: KubeClient,
  namespace: string,
  name: string,
  annotations: () => Readonly<Record<string, string>> = () => ({}),
): LeaseStore => {
  const target = { resource: LEASES, namespace, name };
  const bodyOf = ({ holder, durationMs, acquiredAtMs, renewedAtMs, transitions }: LeaseRecord, version?: string) => ({
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: {
      name,
      namespace,
      annotations: annotations(),
      ...(version === undefined ? {} : { resourceVersion: version }),
    },
    spec: {
      holderIdentity: holder,
      leaseDurationSeconds: Math.ceil(durationMs / 1000),
      acquireTime: microTime(acquiredAtMs),
      renewTime: microTime(renewedAtMs),
      leaseTransitions: transitions,
    },
  });
  return {
    async read(signal) {
      try {
        return parse(await client.call({ ...target, verb: 'get' }, signal));
      } catch (error) {
        if (isKubeError(error, 'not_found')) return undefined;
        throw error;
      }
    },
    async write(record, version, signal) {
      try {
        const { name: _name, ...collection } = target;
        const answer =
          version === undefined
            ? await client.call({ ...collection, verb: 'create', body: bodyOf(record) }, signal)
            : await client.call({ ...target, verb: 'update', body: bodyOf(record, version) }, signal);
        return parse(answer);
      } catch (error) {
        if (isKubeError(error, 'conflict', 'already_exists')) return 'conflict';
        throw error;
      }
    },
  };
};
