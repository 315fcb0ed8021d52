/** `kubectl voucher audit`: who authorised what, and the result, also after a deletion. */
import { Command, Option } from 'commander';
import { defined } from '../../contract/defined.ts';
import { isKubeError } from '../../operator/kube/errors.ts';
import { type Cluster, type ClusterOptions, onCluster, withClusterOptions } from '../cluster.ts';
import { UsageError } from '../errors.ts';
import type { Io } from '../io.ts';
import { forPrograms, type Output, withOutput } from '../output.ts';
import { parsePast, zoneOf } from '../times.ts';
import { isSince, trailJson, trailText, zoneOfTrail } from './audit-words.ts';
import { reviewEntries, reviewsText } from './review-entries.ts';
import { checkTrail, type Installation } from './trail.ts';

interface Options extends ClusterOptions, Installation {
  readonly output: Output;
  readonly since?: string;
  readonly head?: string;
  readonly reviews?: true;
}

/** Of the campaign of that name; else the name is a campaignId itself, because trails outlive campaigns. */
const campaignIdOf = async (cluster: Cluster, name: string): Promise<string> => {
  try {
    return (await cluster.campaign(name)).spec.campaignId;
  } catch (error) {
    // An auditor may lack the permission for campaigns.
    if (error instanceof UsageError || isKubeError(error, 'forbidden')) return name;
    throw error;
  }
};

const runReviews = async (name: string, options: Options, io: Io): Promise<void> => {
  if (options.head !== undefined) {
    throw new UsageError(
      '--head belongs to the trail: entries of reviews are in the journal, and have no chain of hashes',
    );
  }
  const { campaignId, lines } = await onCluster(options, io, async (cluster) => {
    const id = await campaignIdOf(cluster, name);
    return { campaignId: id, lines: await cluster.reviews(options, id) };
  });
  const nowMs = io.wallMs();
  const sinceMs = options.since === undefined ? undefined : parsePast(options.since, zoneOf(''), nowMs, '--since');
  const entries = reviewEntries(lines).filter(({ at }) => sinceMs === undefined || Date.parse(at) >= sinceMs);
  io.out(forPrograms(options.output, entries) ?? reviewsText(campaignId, entries));
};

const run = async (name: string, options: Options, io: Io): Promise<void> => {
  if (options.reviews === true) return runReviews(name, options, io);
  if (options.head !== undefined && !/^[0-9a-f]{64}$/.test(options.head)) {
    const message = `--head ${options.head} is no hash: copy the 64 hexadecimal digits from an earlier audit`;
    throw new UsageError(message);
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
    // As stored: `sha256sum` of one is the `prev` of the next.
    for (const line of lines.filter((one) => isSince(one, sinceMs))) io.out(`${line}\n`);
  } else {
    const shown = { lines, check, ...defined({ sinceMs }), nowMs, isWide: options.output === 'wide' };
    io.out(forPrograms(options.output, trailJson(campaignId, shown)) ?? trailText(campaignId, shown));
  }
  if (check.breaks.length > 0) throw new Error(`the trail of ${campaignId} is broken: ${check.breaks.join('; ')}`);
};

export const auditCommand = (io: Io): Command =>
  withOutput(withClusterOptions(new Command('audit')))
    .description('who authorised what, and what followed; also for a deleted campaign')
    .argument('<campaign>', 'name of the campaign; its campaignId if it is deleted')
    .option('--since <time>', 'start: an instant, a time of the campaign’s day such as 20:00:04, or an age such as 2h')
    .option('--head <hash>', 'head that an earlier audit printed: proves that no entry was removed since')
    .option('--reviews', 'instead: who looked at registrations in manual review, or decided on them')
    .addOption(new Option('--system-namespace <name>', 'namespace of the operator').default('voucher-system'))
    .addOption(new Option('--release <name>', 'Helm release of the operator').default('voucher'))
    .addHelpText('after', '\nExample:\n  kubectl voucher audit spring-2027 --since 2h')
    .action((name: string, options: Options) => run(name, options, io));
