/** The user's permissions, by the API server; asking changes nothing, and every user may ask. */
import { z } from 'zod';
import { defined } from '../contract/defined.ts';
import { type ApiResource, apiVersionOf, SELF_SUBJECT_ACCESS_REVIEWS } from '../operator/kube/api-resources.ts';
import type { Api } from './access.ts';

const answer = z.object({ status: z.object({ allowed: z.boolean() }) });

interface Right {
  readonly verb: string;
  readonly resource: ApiResource;
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
    spec: { resourceAttributes: { verb, group, resource: plural, ...defined({ namespace }) } },
  };
  const review = await client.call({ resource: SELF_SUBJECT_ACCESS_REVIEWS, verb: 'create', body }, signal);
  return answer.parse(review).status.allowed;
};
