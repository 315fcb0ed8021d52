/** The lease of leader election, coordination.k8s.io/v1. */
import { z } from 'zod';
import { defined } from '../../contract/defined.ts';
import type { LeaseRecord, LeaseStore, VersionedLease } from '../leadership/elector.ts';
import { LEASES } from './api-resources.ts';
import type { KubeClient } from './client.ts';
import { ifFound, isKubeError } from './errors.ts';
import { microTime } from './objects.ts';

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

/** @param client without `assertMayWrite`: the lease is what allows to write @param annotations of each renewal */
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
    metadata: { name, namespace, annotations: annotations(), ...defined({ resourceVersion: version }) },
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
      const answer = await ifFound(client.call({ ...target, verb: 'get' }, signal));
      return answer === undefined ? undefined : parse(answer);
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
