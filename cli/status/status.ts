/** `kubectl voucher status`: how a campaign is doing, and what needs a person. */
import { Command } from 'commander';
import { isKubeError } from '../../operator/kube/errors.ts';
import { type ClusterOptions, onApi, withClusterOptions } from '../access.ts';
import { type Cluster, createCluster, type SeenCampaign } from '../cluster.ts';
import { UsageError } from '../errors.ts';
import type { Io } from '../io.ts';
import { forPrograms, type Output, withOutput } from '../output.ts';
import { type Line, rendered } from './screen.ts';
import { statusJson } from './status-json.ts';
import { listLines } from './status-list.ts';
import type { Report } from './status-report.ts';
import { unreadableJson, unreadableLines, unreadableSpec } from './status-unreadable.ts';
import { statusLines } from './status-words.ts';
import { watch } from './watch.ts';

interface Options extends ClusterOptions {
  readonly output: Output;
  readonly watch?: true;
  readonly allNamespaces?: true;
}

/** One campaign in full, or a line for each of several. */
type Answer =
  | { readonly kind: 'one'; readonly report: Omit<Report, 'nowMs'> }
  | { readonly kind: 'several'; readonly reports: readonly Omit<Report, 'nowMs'>[] };

const reportOf = async (cluster: Cluster, campaign: SeenCampaign, options: ClusterOptions) => {
  const [plans, decisions, claim] = await Promise.all([
    cluster.plans(campaign),
    // Without the log the status still has the number and its reason, but not since when.
    cluster.decisions(campaign).catch((error: unknown) => {
      if (isKubeError(error, 'forbidden')) return undefined;
      throw error;
    }),
    cluster.claim(campaign.metadata.namespace),
  ]);
  return { campaign, plans, decisions, claim, options };
};

/**
 * | campaign named | -A  | campaigns in the namespace | answer                                             |
 * |----------------|-----|----------------------------|----------------------------------------------------|
 * | yes            | no  | any                        | that one                                           |
 * | no             | no  | 1                          | that one                                           |
 * | no             | no  | none                       | an error that says where there are some            |
 * | no             | no  | several                    | a line for each                                    |
 * | no             | yes | any                        | a line for each of all namespaces                  |
 */
const read = async (cluster: Cluster, name: string | undefined, options: Options): Promise<Answer> => {
  const everywhere = options.allNamespaces === true;
  if (name !== undefined) {
    return { kind: 'one', report: await reportOf(cluster, await cluster.anyCampaign(name), options) };
  }
  const campaigns = await cluster.campaigns(everywhere);
  const [first, ...others] = campaigns;
  if (!everywhere && others.length === 0) {
    return { kind: 'one', report: await reportOf(cluster, first ?? (await cluster.anyCampaign(undefined)), options) };
  }
  const plans = await cluster.allPlans(everywhere);
  const namespaces = [...new Set(campaigns.map(({ metadata }) => metadata.namespace))];
  const claims = new Map(
    await Promise.all(namespaces.map(async (where) => [where, await cluster.claim(where)] as const)),
  );
  const reports = campaigns.map((campaign) => {
    const { name: called, namespace } = campaign.metadata;
    const own = plans.filter(({ metadata, spec }) => metadata.namespace === namespace && spec.campaignName === called);
    return { campaign, plans: own, decisions: undefined, claim: claims.get(namespace), options };
  });
  return { kind: 'several', reports };
};

const linesOf = (answer: Answer, options: Options, columns: number, nowMs: number): readonly Line[] => {
  const { output } = options;
  if (answer.kind === 'one') {
    const report = { ...answer.report, nowMs };
    const fields = unreadableSpec(report.campaign);
    return fields === undefined ? statusLines(report, { columns, output }) : unreadableLines(report, fields, columns);
  }
  return listLines(
    answer.reports.map((report) => ({ ...report, nowMs })),
    { columns, output, hasNamespaces: options.allNamespaces === true },
  );
};

const programReport = (report: Report): unknown => {
  const fields = unreadableSpec(report.campaign);
  return fields === undefined ? statusJson(report) : unreadableJson(report, fields);
};

const forProgramsOf = (answer: Answer, nowMs: number): unknown =>
  answer.kind === 'one'
    ? programReport({ ...answer.report, nowMs })
    : answer.reports.map((report) => programReport({ ...report, nowMs }));

/** Everything that is not only an age. */
const newsOf = (answer: Answer): string => {
  const reports = answer.kind === 'one' ? [answer.report] : answer.reports;
  return JSON.stringify(
    reports.map(({ campaign, plans }) => [campaign.metadata, plans.map(({ metadata }) => metadata.resourceVersion)]),
  );
};

const run = async (name: string | undefined, options: Options, io: Io): Promise<void> => {
  if (name !== undefined && options.allNamespaces === true) {
    throw new UsageError(`-A shows every campaign: leave ${name} out, or name its namespace with -n`);
  }
  await onApi(options, io, async (api) => {
    const columns = io.terminal?.size().columns ?? Number.POSITIVE_INFINITY;
    const textOf = (answer: Answer): string => {
      const nowMs = io.wallMs();
      const text = rendered(linesOf(answer, options, columns, nowMs), {
        columns,
        isColoured: io.terminal?.isColoured ?? false,
      });
      return forPrograms(options.output, forProgramsOf(answer, nowMs)) ?? `${text.join('\n')}\n`;
    };
    const readNow = (signal: AbortSignal): Promise<Answer> => read(createCluster(api, signal), name, options);
    if (options.watch !== true) return io.out(textOf(await readNow(new AbortController().signal)));
    const isForPeople = options.output === 'table' || options.output === 'wide';
    const { terminal: _terminal, ...unseen } = io;
    await watch(
      {
        read: readNow,
        lines: (answer, { columns: cells, nowMs }) => linesOf(answer, options, cells, nowMs),
        newsOf,
        textOf: (answer) => `${options.output === 'yaml' ? '---\n' : ''}${textOf(answer)}${isForPeople ? '\n' : ''}`,
      },
      // Documents for programs follow each other, also on a terminal.
      isForPeople ? io : unseen,
    );
  });
};

export const statusCommand = (io: Io): Command =>
  withOutput(withClusterOptions(new Command('status')))
    .description('the health of a campaign, the replicas of its tiers, and what a person must do')
    .argument('[campaign]', 'name of the campaign; default: all of the namespace')
    .option('-w, --watch', 'repeat until Ctrl-C: in place on a terminal, changes below each other on a pipe')
    .option('-A, --all-namespaces', 'a line for every campaign of the cluster')
    .addHelpText('after', '\nExample:\n  kubectl voucher status spring-2027 -n vouchers -w')
    .action((name: string | undefined, options: Options) => run(name, options, io));
