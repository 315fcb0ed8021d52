/** Asks a verification pod, through the API server's proxy of its admin port. */
import { z } from 'zod';
import { PORTS } from '../../contract/app-contract.ts';
import { LABELS } from '../../contract/names.ts';
import {
  REVIEW_HEADER,
  REVIEW_PATH,
  REVIEW_REFUSALS,
  type ReviewAction,
  type ReviewRefusal,
} from '../../contract/review.ts';
import type { VoucherCampaign } from '../../contract/types/campaign.ts';
import { isJsonObject } from '../../contract/untrusted.ts';
import { PODS } from '../../operator/kube/api-resources.ts';
import { isKubeError } from '../../operator/kube/errors.ts';
import { systemClock } from '../../runtime/clock.ts';
import { sleep } from '../../runtime/sleep.ts';
import { type Api, listAll } from '../access.ts';
import { ForbiddenError, UsageError } from '../errors.ts';
import { mayReview } from './session.ts';

/** The operator publishes a session within a second, and pods follow within two. */
const PUBLISHED_WITHIN_MS = 15_000;
const AGAIN_AFTER_MS = 300;
/** A pod reads the journal for 5 s, and looks at 400 receipts. */
const ANSWER_WITHIN_MS = 30_000;

const podSchema = z.object({
  status: z
    .object({ conditions: z.array(z.object({ type: z.string(), status: z.string() })).default([]) })
    .default({ conditions: [] }),
});

/** Always the same one while it is Ready: it remembers what it has read of the journal. */
const readyPod = async (api: Api, { metadata }: VoucherCampaign, signal: AbortSignal): Promise<string> => {
  const labelSelector = `${LABELS.campaign}=${metadata.name},${LABELS.component}=verification`;
  const pods = await listAll(api.client, { resource: PODS, namespace: metadata.namespace }, { labelSelector }, signal);
  const ready = pods.filter((pod) => {
    const { conditions } = podSchema.parse(pod).status;
    const isReady = conditions.some(({ type, status }) => type === 'Ready' && status === 'True');
    return isReady && pod.metadata.deletionTimestamp === undefined;
  });
  const [first] = ready.map((pod) => pod.metadata.name).toSorted();
  if (first !== undefined) return first;
  throw new Error(
    `no verification pod of ${metadata.name} is Ready: see kubectl get pods -n ${metadata.namespace} -l ${labelSelector}`,
  );
};

const refusalIn = (error: unknown): ReviewRefusal | undefined => {
  if (!isKubeError(error) || error.reason === undefined) return undefined;
  const { reason } = error;
  return Object.keys(REVIEW_REFUSALS).find((one): one is ReviewRefusal => one === reason);
};

const explained = (error: unknown, namespace: string, nowMs: number): unknown => {
  const refusal = refusalIn(error);
  if (!isKubeError(error)) return error;
  const { kind, message } = error;
  switch (refusal) {
    case undefined:
      if (kind === 'forbidden') return new ForbiddenError(mayReview(message, namespace), { cause: error });
      // Of the pod itself, without a code of its own.
      return kind === 'not_found' || kind === 'rejected'
        ? new Error(
            `the verification pod answers no reviews: it is still starting, or of an earlier release: try again, or upgrade the chart (${message})`,
            { cause: error },
          )
        : error;
    case 'SESSION_UNKNOWN':
      return new Error(
        `the verification pod has not learned of your session within ${PUBLISHED_WITHIN_MS / 1_000} s: see with kubectl voucher status whether the operator is running, and compare this machine's clock, ${new Date(nowMs).toISOString()}, with the operator's`,
      );
    case 'SESSION_EXPIRED':
      return new Error(
        `${error.said}. This machine's clock says ${new Date(nowMs).toISOString()}: if they differ, correct it, and repeat the command`,
      );
    case 'BAD_REQUEST':
    case 'RECEIPT_UNKNOWN':
    case 'NOT_IN_REVIEW':
    case 'DECIDED':
    case 'LIST_FROZEN':
      return new UsageError(`${refusal}: ${error.said}`, { cause: error });
    default:
      return new Error(`${refusal}: ${error.said}`, { cause: error });
  }
};

/** Parsed JSON of the answer. @throws UsageError, ForbiddenError or Error that says what to do */
export type AskPod = (action: ReviewAction, body: object) => Promise<unknown>;

export const createPodAsker = async (
  api: Api,
  campaign: VoucherCampaign,
  header: string,
  wallMs: () => number,
  signal: AbortSignal,
): Promise<AskPod> => {
  const { namespace } = campaign.metadata;
  const pod = await readyPod(api, campaign, signal).catch((error: unknown) => {
    throw explained(error, namespace, wallMs());
  });
  return async (action, body) => {
    const untilMs = systemClock.monotonicMs() + PUBLISHED_WITHIN_MS;
    for (;;) {
      try {
        const answer = await api.client.call(
          {
            resource: PODS,
            namespace,
            name: `${pod}:${PORTS.admin}`,
            subresource: `proxy${REVIEW_PATH}${action}`,
            verb: 'create',
            headers: { [REVIEW_HEADER]: header },
            body,
            timeoutMs: ANSWER_WITHIN_MS,
          },
          signal,
        );
        if (isJsonObject(answer)) return answer;
        throw new Error(`the verification pod ${pod} gave an answer that is not understood`);
      } catch (error) {
        const isNew = refusalIn(error) === 'SESSION_UNKNOWN' && systemClock.monotonicMs() < untilMs;
        if (!isNew) throw explained(error, namespace, wallMs());
      }
      await sleep(systemClock, AGAIN_AFTER_MS, signal);
    }
  };
};
