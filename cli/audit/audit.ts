/** `kubectl voucher audit`: who authorised what, and what came of it, also when all of it is deleted. */
import { Command, Option } from 'commander';
import { isKubeError } from '../../operator/kube/errors.ts';
import { type Cluster, type ClusterOptions, onCluster, withClusterOptions } from '../cluster.ts';
import { UsageError } from '../errors.ts';
import type { Io } from '../io.ts';
import { forPrograms, type Output, withOutput } from '../output.ts';
import { parsePast } from '../times.ts';
import { isSince, trailJson, trailText, zoneOfTrail } from './audit-words.ts';
import { checkTrail, type Installation } from './trail.ts';

interface Options extends ClusterOptions, Installation {
  readonly output: Output;
  readonly since?: string;
  readonly head?: string;
}

/** Of the campaign of that name; else it is taken for a campaignId itself: trails outlive campaigns. */
const campaignIdOf = async (cluster: Cluster, name: string): Promise<string> => {
  try {
    return (await cluster.campaign(name)).spec.campaignId;
  } catch (error) {
    // An auditor need not be allowed to see campaigns.
    if (error instanceof UsageError || isKubeError(error, 'forbidden')) return name;
    throw error;
  }
};

const run = async (name: string, options: Options, io: Io): Promise<void> => {
  if (options.head !== undefined && !/^[0-9a-f]{64}$/.test(options.head)) {
    throw new UsageError(
      `--head ${options.head} is no hash: it has 64 hexadecimal digits, as an earlier audit printed it`,
    );
  }
  const { campaignId, lines } = await onCluster(options, io, async (cluster) => {
    const id = await campaignIdOf(cluster, name);
    return { campaignId: id, lines: await cluster.trail(options, id) };
  });
  const nowMs = io.wallMs();
  const sinceMs =
    options.since === undefined ? undefined : parsePast(options.since, zoneOfTrail(lines), nowMs, '--since');
  const check = checkTrail(lines, options.head);
  if (options.output === 'json') {
    // As they are stored: `sha256sum` of one is the `prev` of the next.
    io.out(
      lines
        .filter((line) => isSince(line, sinceMs))
        .map((line) => `${line}\n`)
        .join(''),
    );
  } else {
    const shown = {
      lines,
      check,
      ...(sinceMs === undefined ? {} : { sinceMs }),
      nowMs,
      isWide: options.output === 'wide',
    };
    io.out(forPrograms(options.output, trailJson(campaignId, shown)) ?? trailText(campaignId, shown));
  }
  if (check.breaks.length > 0) throw new Error(`the trail of ${campaignId} is broken: ${check.breaks.join('; ')}`);
};

export const auditCommand = (io: Io): Command =>
  withOutput(withClusterOptions(new Command('audit')))
    .description('every step from a plan to its end: who authorised what, also when all of it is deleted')
    .argument('<campaign>', 'its name; its campaignId when it is gone')
    .option(
      '--since <time>',
      'only from an instant, a time of the campaign’s day such as 20:00:04, or how long ago: 2h',
    )
    .option('--head <hash>', 'that an earlier audit printed: proves that nothing was cut off since')
    .addOption(new Option('--system-namespace <name>', 'where the operator was installed').default('voucher-system'))
    .addOption(new Option('--release <name>', 'as what the operator was installed').default('voucher'))
    .addHelpText('after', '\nExample:\n  kubectl voucher audit spring-2027 --since 2h')
    .action((name: string, options: Options) => run(name, options, io));
