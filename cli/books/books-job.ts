/** Orders a run of the Job `books`, waits for it, and reads its report from the log of its pod. */
import { z } from 'zod';
import { jobName } from '../../contract/names.ts';
import {
  type AskedRequests,
  orderText,
  RECONCILE,
  type ReconcileOrder,
  type ReconcileReport,
  reportIn,
  runOf,
} from '../../contract/outside/reconcile.ts';
import type { VoucherCampaign } from '../../contract/types/campaign.ts';
import { JOBS, PODS } from '../../operator/kube/api-resources.ts';
import { ifFound, isKubeError } from '../../operator/kube/errors.ts';
import { jobOf } from '../../operator/kube/job-status.ts';
import { parseObject } from '../../operator/kube/objects.ts';
import { systemClock } from '../../runtime/clock.ts';
import { readText } from '../../runtime/read-text.ts';
import { sleep } from '../../runtime/sleep.ts';
import { type Api, listAll } from '../access.ts';
import { type Cluster, createCluster } from '../cluster.ts';
import { ForbiddenError, UsageError } from '../errors.ts';
import type { Io } from '../io.ts';

const LOOK_EVERY_MS = 1_000;
/** The operator creates the Job within a tick or two. */
const CREATED_WITHIN_MS = 60_000;
/** The report has at most 1,000 mismatches; the lines before it are few. */
const MOST_LOG_BYTES = 16 * 1024 * 1024;

const podPhase = z.object({ status: z.object({ phase: z.string().optional() }).default({}) });

const refused = (error: unknown, namespace: string): unknown =>
  isKubeError(error, 'forbidden')
    ? new ForbiddenError(
        `you lack permission to annotate the campaign, to get jobs, to list pods, or to get pods/log in namespace ${namespace} (${error.message})`,
        { cause: error },
      )
    : error;

/** @returns once it has ended without an error */
const awaitJob = async (
  { client }: Pick<Api, 'client'>,
  { namespace, name: campaignName }: VoucherCampaign['metadata'],
  name: string,
  io: Pick<Io, 'err' | 'now'>,
  signal: AbortSignal,
): Promise<void> => {
  const orderedMs = io.now();
  let said = '';
  const say = (text: string): void => {
    if (text !== said) io.err(`${text}\n`);
    said = text;
  };
  for (;;) {
    const found = await ifFound(client.call({ resource: JOBS, namespace, name, verb: 'get' }, signal));
    if (found === undefined) {
      say(`waiting until the operator creates Job ${name}`);
      if (io.now() - orderedMs > CREATED_WITHIN_MS) {
        throw new UsageError(
          `the operator has not created Job ${name}: is it running, and does it have permission for Jobs? A campaign without spec.issuance, or without a list of the draw, has nothing to reconcile. kubectl voucher status ${campaignName} -n ${namespace} shows the present state`,
        );
      }
    } else {
      const { state } = jobOf(parseObject(found));
      if (state === 'done') return;
      if (state === 'failed') {
        throw new Error(`Job ${name} failed. Its log says why: kubectl logs job/${name} -n ${namespace}`);
      }
      say(
        state === 'starting'
          ? `Job ${name} starts. If that lasts: kubectl describe job ${name} -n ${namespace}`
          : `Job ${name} reads the journal, and asks the channels at its share of the rate`,
      );
    }
    await sleep(systemClock, LOOK_EVERY_MS, signal);
  }
};

const readReport = async (
  { client }: Pick<Api, 'client'>,
  namespace: string,
  name: string,
  signal: AbortSignal,
): Promise<ReconcileReport> => {
  const pods = await listAll(client, { resource: PODS, namespace }, { labelSelector: `job-name=${name}` }, signal);
  for (const pod of pods) {
    if (podPhase.parse(pod).status.phase !== 'Succeeded') continue;
    const target = { resource: PODS, namespace, name: pod.metadata.name, subresource: 'log' };
    const report = reportIn(await readText(await client.open({ ...target, verb: 'get' }, signal), MOST_LOG_BYTES));
    if (report !== undefined) return report;
  }
  throw new Error(`the log of Job ${name} has no report: kubectl logs job/${name} -n ${namespace}`);
};

const ordered = async (
  cluster: Cluster,
  campaign: VoucherCampaign,
  requests: AskedRequests,
  io: Pick<Io, 'wallMs'>,
): Promise<ReconcileOrder> => {
  const order: ReconcileOrder = { by: await cluster.whoAmI(), at: new Date(io.wallMs()).toISOString(), requests };
  await cluster.annotate(campaign, RECONCILE, orderText(order));
  return order;
};

/** @throws UsageError, ForbiddenError, or Error that says where to look */
export const reconciled = async (
  api: Api,
  name: string | undefined,
  requests: AskedRequests,
  io: Pick<Io, 'err' | 'now' | 'wallMs' | 'interrupted'>,
): Promise<{ readonly campaign: VoucherCampaign; readonly report: ReconcileReport }> => {
  const signal = io.interrupted ?? new AbortController().signal;
  const cluster = createCluster(api, signal);
  const campaign = await cluster.campaign(name);
  const { metadata, spec } = campaign;
  if (spec.issuance === undefined) {
    throw new UsageError(
      `${metadata.name} has no spec.issuance: it issues no vouchers, so there is nothing to reconcile`,
    );
  }
  try {
    const order = await ordered(cluster, campaign, requests, io);
    const job = jobName(metadata.name, 'books', runOf(order));
    await awaitJob(api, metadata, job, io, signal);
    return { campaign, report: await readReport(api, metadata.namespace, job, signal) };
  } catch (error) {
    throw refused(error, metadata.namespace);
  }
};
