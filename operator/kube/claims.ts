/** Claims of namespaces: a Lease in each, whose holder is an installation. */
import { z } from 'zod';
import { defined } from '../../contract/defined.ts';
import { CLAIM_LEASE, LABELS } from '../../contract/names.ts';
import type { Clock } from '../../runtime/clock.ts';
import { CLAIM_TIMING, type Claim, type ClaimStore } from '../leadership/claims.ts';
import { LEASES } from './api-resources.ts';
import type { KubeClient } from './client.ts';
import { ifFound, isKubeError } from './errors.ts';
import { microTime } from './objects.ts';

const claimSchema = z.object({
  metadata: z.object({ resourceVersion: z.string() }),
  spec: z.object({ holderIdentity: z.string().nullish() }).default({}),
});

const parse = (answer: unknown): Claim => {
  const { metadata, spec } = claimSchema.parse(answer);
  return { holder: spec.holderIdentity ?? '', version: metadata.resourceVersion };
};

/** For one attempt: the claim lasts much longer. */
const TIMEOUT_MS = 3_000;

/** @param client one whose writes the election's lease guards: only the leader may claim */
export const createClaimStore = (client: KubeClient, clock: Pick<Clock, 'now'>): ClaimStore => ({
  async read(namespace, signal) {
    const target = { resource: LEASES, namespace, name: CLAIM_LEASE, timeoutMs: TIMEOUT_MS };
    const answer = await ifFound(client.call({ ...target, verb: 'get' }, signal));
    return answer === undefined ? undefined : parse(answer);
  },
  async write(namespace, holder, version, signal) {
    const body = {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: {
        name: CLAIM_LEASE,
        namespace,
        labels: { [LABELS.partOf]: 'voucher-operator' },
        ...defined({ resourceVersion: version }),
      },
      spec: {
        holderIdentity: holder,
        leaseDurationSeconds: CLAIM_TIMING.goneAfterMs / 1000,
        renewTime: microTime(clock.now()),
      },
    };
    const target = { resource: LEASES, namespace, timeoutMs: TIMEOUT_MS };
    try {
      const write =
        version === undefined
          ? ({ ...target, verb: 'create', body } as const)
          : ({ ...target, name: CLAIM_LEASE, verb: 'update', body } as const);
      return parse(await client.call(write, signal));
    } catch (error) {
      // Deleted meanwhile: that version does not exist either.
      const isGone = version !== undefined && isKubeError(error, 'not_found');
      if (isGone || isKubeError(error, 'conflict', 'already_exists')) return 'conflict';
      throw error;
    }
  },
  isRefused: (error) => isKubeError(error, 'forbidden'),
});
