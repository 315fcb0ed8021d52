/**
 * A reviewer's session (contract/review.ts): for one command, or kept in a file for a working day.
 *
 * | --session | the file                                  | result |
 * |-----------|-------------------------------------------|--------|
 * | no        |                                           | a new session of 2 minutes, removed after the command |
 * | FILE      | is missing, or its session has ended, or is of another campaign | a new session of 8 hours, kept in the file |
 * | FILE      | has a session in force                    | that one |
 */
import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { z } from 'zod';
import {
  LONGEST_SESSION_MS,
  parseSession,
  REVIEW_PREFIX,
  reviewAnnotation,
  SECRET_BYTES,
  sessionText,
  sessionUntil,
} from '../../contract/review.ts';
import type { VoucherCampaign } from '../../contract/types/campaign.ts';
import { parseUntrusted } from '../../contract/untrusted.ts';
import { isKubeError } from '../../operator/kube/errors.ts';
import type { Cluster } from '../cluster.ts';
import { ForbiddenError, UsageError } from '../errors.ts';

export interface Session {
  /** Value of the header. */
  readonly header: string;
  /** Ends a session that was opened for one command. Never rejects. */
  end(): Promise<void>;
}

const FOR_ONE_COMMAND_MS = 120_000;
/** A session in a file that ends sooner is not used. */
const LEFT_MS = 60_000;
/** Left by commands that were interrupted; a few at a time, because each is a write. */
const REMOVED_AT_ONCE = 5;

const kept = z.object({ campaignId: z.string(), id: z.string(), secret: z.string(), until: z.string() });

/** Names both permissions. */
export const mayReview = (message: string, namespace: string): string =>
  `${message}\nReviewing needs the verb review on vouchercampaigns and access to pods/proxy, which the chart's ClusterRole <release namespace>-<release>-campaign-reviewer grants; a cluster administrator assigns it with\n  kubectl create rolebinding campaign-reviewer -n ${namespace} --clusterrole <release namespace>-<release>-campaign-reviewer --user <you>`;

const fromFile = async (file: string, campaign: VoucherCampaign, nowMs: number): Promise<string | undefined> => {
  if (!existsSync(file)) return undefined;
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new UsageError(`--session ${file} can't be read: ${String(cause)}`, { cause });
  });
  const found = parseUntrusted(kept, text);
  if (found === undefined)
    throw new UsageError(`--session ${file} is not a session: name a file that does not exist yet`);
  const isThere = campaign.metadata.annotations?.[reviewAnnotation(found.id)] !== undefined;
  const isInForce = Date.parse(found.until) - nowMs > LEFT_MS;
  return found.campaignId === campaign.spec.campaignId && isThere && isInForce
    ? `${found.id}.${found.secret}`
    : undefined;
};

const removeEnded = async (cluster: Cluster, campaign: VoucherCampaign, nowMs: number): Promise<void> => {
  const ended = Object.entries(campaign.metadata.annotations ?? {}).filter(([key, text]) => {
    const session = key.startsWith(REVIEW_PREFIX) ? parseSession(text) : undefined;
    return session !== undefined && Date.parse(session.until) < nowMs - LEFT_MS;
  });
  for (const [key] of ended.slice(0, REMOVED_AT_ONCE)) await cluster.annotate(campaign, key, undefined);
};

/** @throws ForbiddenError that names the verb and the ClusterRole; UsageError for a file that can't be used */
export const openSession = async (
  cluster: Cluster,
  campaign: VoucherCampaign,
  file: string | undefined,
  nowMs: number,
): Promise<Session> => {
  const known = file === undefined ? undefined : await fromFile(file, campaign, nowMs);
  if (known !== undefined) return { header: known, end: async () => undefined };
  const [id, secret] = [randomBytes(4).toString('hex'), randomBytes(SECRET_BYTES).toString('base64url')];
  const until = sessionUntil(nowMs + (file === undefined ? FOR_ONE_COMMAND_MS : LONGEST_SESSION_MS - LEFT_MS));
  const sha256 = createHash('sha256').update(secret).digest('hex');
  const key = reviewAnnotation(id);
  const text = sessionText({ by: await cluster.whoAmI(), until, sha256 });
  try {
    await cluster.annotate(campaign, key, text);
  } catch (error) {
    if (!isKubeError(error, 'forbidden')) throw error;
    throw new ForbiddenError(mayReview(error.message, campaign.metadata.namespace), { cause: error });
  }
  await removeEnded(cluster, campaign, nowMs).catch(() => undefined);
  const header = `${id}.${secret}`;
  if (file === undefined) {
    const annotated = {
      ...campaign,
      metadata: { ...campaign.metadata, annotations: { ...campaign.metadata.annotations, [key]: text } },
    };
    // It ends by itself.
    return { header, end: () => cluster.annotate(annotated, key, undefined).catch(() => undefined) };
  }
  await writeFile(file, `${JSON.stringify({ campaignId: campaign.spec.campaignId, id, secret, until })}\n`, {
    mode: 0o600,
  });
  return { header, end: async () => undefined };
};
