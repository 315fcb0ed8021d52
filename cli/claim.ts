/** Which installation serves a namespace, and whether it still does: its claim may be old. */
import { z } from 'zod';
import type { KubeObject } from '../operator/kube/objects.ts';

const leaseSchema = z.object({ spec: z.object({ holderIdentity: z.string().nullish() }).default({}) });

export interface SeenClaim {
  readonly holder: string;
  /** When it was last renewed, by the API server's clock. */
  readonly writtenAtMs: number;
}

/** It is renewed every 20 s, and another installation may take it after 60 s; the rest is for clocks that differ. */
export const CLAIM_OLD_MS = 90_000;

export const claimSeen = (object: KubeObject): SeenClaim => {
  const times = (object.metadata.managedFields ?? []).flatMap(({ time }) =>
    time === undefined ? [] : [Date.parse(time)],
  );
  return { holder: leaseSchema.parse(object).spec.holderIdentity ?? '', writtenAtMs: Math.max(0, ...times) };
};
