/** `kubectl voucher doctor`: checks before opening day, with remedies. Changes nothing. */
import { Command } from 'commander';
import { type Api, type ClusterOptions, onApi, withClusterOptions } from '../access.ts';
import { type Cluster, createCluster, type SeenCampaign } from '../cluster.ts';
import { NotWellError } from '../errors.ts';
import type { Io } from '../io.ts';
import { forPrograms, type Output, withOutput } from '../output.ts';
import { rendered } from '../status/screen.ts';
import { checkCampaign } from './check-campaign.ts';
import { checkCapacity } from './check-capacity.ts';
import { checkCluster } from './check-cluster.ts';
import { checkPlace } from './check-place.ts';
import { type Finding, warn } from './finding.ts';
import { gatherCampaign } from './gather-campaign.ts';
import { gatherCluster } from './gather-cluster.ts';
import { findingJson, findingLines, worst } from './report.ts';
import { createReader } from './seen.ts';

interface Options extends ClusterOptions {
  readonly output: Output;
  readonly operatorNamespace?: string;
}

interface Examined {
  readonly subject: string;
  readonly findings: readonly Finding[];
}

/** Without a campaign only the cluster is checked. */
const chosen = async (cluster: Cluster, name: string | undefined): Promise<SeenCampaign | undefined> => {
  if (name !== undefined) return cluster.campaign(name);
  const all = await cluster.campaigns(false);
  return all.length === 0 ? undefined : cluster.campaign(undefined);
};

const examine = async (api: Api, name: string | undefined, options: Options, io: Io): Promise<Examined> => {
  const { signal } = new AbortController();
  const cluster = createCluster(api, signal);
  const reader = createReader(api, signal);
  const campaign = await chosen(cluster, name);
  const facts = await gatherCluster(api, reader, options.operatorNamespace, io, signal);
  if (campaign === undefined) {
    const remedy = 'create it with kubectl apply -f, and run doctor again';
    const none = warn('campaign', `there is none in namespace ${api.namespace}`, remedy);
    return { subject: `namespace ${api.namespace}`, findings: [...checkCluster(facts), none] };
  }
  const own = await gatherCampaign(cluster, reader, campaign, facts.operators);
  const { nowMs } = facts;
  return {
    subject: `${campaign.metadata.name} in namespace ${campaign.metadata.namespace}`,
    findings: [...checkCluster(facts), ...checkCampaign(own, nowMs), ...checkCapacity(own, nowMs), ...checkPlace(own)],
  };
};

const run = async (name: string | undefined, options: Options, io: Io): Promise<void> => {
  const { subject, findings } = await onApi(options, io, (api) => examine(api, name, options, io));
  const columns = io.terminal?.size().columns ?? Number.POSITIVE_INFINITY;
  const look = { columns, isColoured: io.terminal?.isColoured ?? false };
  const text = `${rendered(findingLines(findings, subject, columns), look).join('\n')}\n`;
  io.out(forPrograms(options.output, findingJson(findings, subject, io.wallMs())) ?? text);
  if (worst(findings) === 'FAIL') throw new NotWellError();
};

export const doctorCommand = (io: Io): Command =>
  withOutput(withClusterOptions(new Command('doctor')))
    .description('check everything before opening day: OK, WARN or FAIL, with a remedy; exit code 1 for a FAIL')
    .argument('[campaign]', 'name of the campaign; optional if there is only one')
    .option('--operator-namespace <name>', 'namespace of the operator, for users without access to all namespaces')
    .addHelpText('after', '\nExample:\n  kubectl voucher doctor spring-2027 -n vouchers')
    .action((name: string | undefined, options: Options) => run(name, options, io));
