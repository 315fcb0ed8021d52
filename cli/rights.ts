/** What the API server says that the user may do; asking changes nothing, and everybody may ask. */
import { z } from 'zod';
import { type ApiResource, apiVersionOf, SELF_SUBJECT_ACCESS_REVIEWS } from '../operator/kube/resources.ts';
import type { Api } from './access.ts';

const answer = z.object({ status: z.object({ allowed: z.boolean() }) });

export interface Right {
  readonly verb: string;
  readonly resource: ApiResource;
  /** Absent: in all namespaces. */
  readonly namespace?: string;
}

export const isAllowed = async (
  { client }: Pick<Api, 'client'>,
  { verb, resource: { group, plural }, namespace }: Right,
  signal: AbortSignal,
): Promise<boolean> => {
  const body = {
    apiVersion: apiVersionOf(SELF_SUBJECT_ACCESS_REVIEWS),
    kind: SELF_SUBJECT_ACCESS_REVIEWS.kind,
    spec: { resourceAttributes: { verb, group, resource: plural, ...(namespace === undefined ? {} : { namespace }) } },
  };
  const said = await client.call({ resource: SELF_SUBJECT_ACCESS_REVIEWS, verb: 'create', body }, signal);
  return answer.parse(said).status.allowed;
};
