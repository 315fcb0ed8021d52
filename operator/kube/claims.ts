/** Claims of namespaces: a Lease in each, whose holder is an installation. */
import { z } from 'zod';
import { CLAIM_LEASE, LABELS } from '../../contract/names.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Claim, ClaimStore } from '../leadership/claims.ts';
import { CLAIM_TIMING } from '../leadership/claims.ts';
import type { KubeClient } from './client.ts';
import { isKubeError } from './errors.ts';
import { LEASES } from './resources.ts';

const claimSchema = z.object({
  metadata: z.object({ resourceVersion: z.string() }),
  spec: z.object({ holderIdentity: z.string().nullish() }).default({}),
});

const parse = (answer: unknown): Claim => {
  const { metadata, spec } = claimSchema.parse(answer);
  return { holder: spec.holderIdentity ?? '', version: metadata.resourceVersion };
};

/** For one attempt: the claim is good for much longer. */
const TIMEOUT_MS = 3_000;

/** @param client one whose writes the election's lease guards: only who leads may claim */
export const createClaimStore = (client: KubeClient, clock: Pick<Clock, 'now'>): ClaimStore => ({
  async read(namespace, signal) {
    try {
      return parse(
        await client.call(
          { resource: LEASES, namespace, name: CLAIM_LEASE, verb: 'get', timeoutMs: TIMEOUT_MS },
          signal,
        ),
      );
    } catch (error) {
      if (isKubeError(error, 'not_found')) return undefined;
      throw error;
    }
  },
  async write(namespace, holder, version, signal) {
    const body = {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: {
        name: CLAIM_LEASE,
        namespace,
        labels: { [LABELS.partOf]: 'voucher-operator' },
        ...(version === undefined ? {} : { resourceVersion: version }),
      },
      spec: {
        holderIdentity: holder,
        leaseDurationSeconds: CLAIM_TIMING.goneAfterMs / 1000,
        renewTime: new Date(clock.now()).toISOString().replace('Z', '000Z'),
      },
    };
    const target = { resource: LEASES, namespace, timeoutMs: TIMEOUT_MS };
    try {
      return parse(
        await client.call(
          version === undefined
            ? { ...target, verb: 'create', body }
            : { ...target, name: CLAIM_LEASE, verb: 'update', body },
          signal,
        ),
      );
    } catch (error) {
      // Deleted meanwhile: there is no such version either.
      const isGone = version !== undefined && isKubeError(error, 'not_found');
      if (isGone || isKubeError(error, 'conflict', 'already_exists')) return 'conflict';
      throw error;
    }
  },
  isRefused: (error) => isKubeError(error, 'forbidden'),
});
