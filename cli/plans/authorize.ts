/** `kubectl voucher authorize`: an owner authorises in advance what a campaign may use without asking. */
import { Command } from 'commander';
import { instantMs } from '../../contract/instant.ts';
import { CAMPAIGNS } from '../../operator/kube/api-resources.ts';
import { isKubeError } from '../../operator/kube/errors.ts';
import { type Api, type ClusterOptions, onApi, withClusterOptions } from '../access.ts';
import { createCluster, type SeenCampaign } from '../cluster.ts';
import { ForbiddenError, UsageError } from '../errors.ts';
import type { Io } from '../io.ts';
import { isAllowed } from '../rights.ts';
import { type Zone, zoneOf } from '../times.ts';
import {
  type Authorized,
  type Change,
  changed,
  changeLines,
  consequences,
  parseCeilings,
  parseSpan,
} from './authorized.ts';
import { askedFor, waitingPlans, where } from './plans.ts';

interface Options extends ClusterOptions {
  readonly ceiling?: readonly string[];
  readonly window?: string;
  readonly removeWindow?: string;
  readonly dryRun?: true;
}

/**
 * | --ceiling | --window | --remove-window | change                          |
 * |-----------|----------|-----------------|---------------------------------|
 * | given     | no       | no              | the ceilings at all times       |
 * | given     | given    | no              | a window, new or replaced       |
 * | no        | no       | given           | a window is removed             |
 * | otherwise |          |                 | an error that shows these three |
 */
const changeOf = ({ ceiling, window, removeWindow }: Options, zone: Zone, opensAtMs: number): Change => {
  if (removeWindow !== undefined && ceiling === undefined && window === undefined) {
    return { kind: 'remove-window', span: parseSpan('--remove-window', removeWindow, zone, opensAtMs) };
  }
  if (ceiling === undefined || removeWindow !== undefined) {
    throw new UsageError(
      'state what is authorised: --ceiling intake=60 for all times, --window FROM/UNTIL --ceiling intake=60 for a time, or --remove-window FROM/UNTIL',
    );
  }
  const ceilings = parseCeilings(ceiling);
  return window === undefined
    ? { kind: 'ceilings', ceilings }
    : { kind: 'window', span: parseSpan('--window', window, zone, opensAtMs), ceilings };
};

/** Names the missing ones of the two permissions. */
const refused = async (api: Api, namespace: string, message: string, signal: AbortSignal): Promise<ForbiddenError> => {
  const [patch, authorize] = await Promise.all(
    ['patch', 'authorize'].map((verb) => isAllowed(api, { verb, resource: CAMPAIGNS, namespace }, signal)),
  );
  const role = '<release namespace>-<release>-campaign-owner';
  const missing = [
    ...(patch === true ? [] : ['  patch on vouchercampaigns']),
    ...(authorize === true ? [] : ['  authorize on vouchercampaigns']),
  ];
  const lacks =
    missing.length === 0 ? '' : `\nYou lack\n${missing.join('\n')}\nThe chart's ClusterRole ${role} grants both`;
  return new ForbiddenError(
    `${message}${lacks}\nA user with both permissions can authorise it. Otherwise the operator asks by a ScalePlan when more is needed`,
  );
};

const write = async (
  api: Api,
  { metadata: { namespace, name, uid }, spec }: SeenCampaign,
  after: Authorized,
  isDryRun: boolean,
  signal: AbortSignal,
): Promise<void> => {
  const path = '/spec/scaling/authorized';
  const body = [
    // Against what was shown, but not against a version: the operator writes the status all the time.
    { op: 'test', path: '/metadata/uid', value: uid },
    { op: 'test', path, value: spec.scaling.authorized },
    { op: 'replace', path, value: after },
  ];
  const query = isDryRun ? { dryRun: 'All' } : {};
  try {
    await api.client.call({ resource: CAMPAIGNS, namespace, name, verb: 'patch', query, body }, signal);
  } catch (error) {
    if (isKubeError(error, 'forbidden')) throw await refused(api, namespace, error.message, signal);
    // A value that the schema refuses, and a failed test of a JSON patch, are both 422.
    if (isKubeError(error, 'invalid', 'conflict', 'bad_request')) {
      const message = error.message.includes('is invalid')
        ? `it was refused: ${error.message}`
        : `${name} was changed by another user at this moment: check it and try again`;
      throw new UsageError(message, { cause: error });
    }
    throw error;
  }
};

const authorize = async (name: string | undefined, options: Options, io: Io): Promise<void> => {
  const text = await onApi(options, io, async (api) => {
    const { signal } = new AbortController();
    const cluster = createCluster(api, signal);
    const campaign = await cluster.campaign(name);
    const { window, scaling } = campaign.spec;
    const zone = zoneOf(window.opensAt);
    const nowMs = io.wallMs();
    const after = changed(scaling.authorized, changeOf(options, zone, instantMs(window.opensAt)), zone, nowMs);
    const called = campaign.metadata.name;
    if (JSON.stringify(after) === JSON.stringify(scaling.authorized)) {
      return `${called}: that is authorised already.\n`;
    }
    const plans = await cluster.plans(campaign);
    await write(api, campaign, after, options.dryRun === true, signal);
    const done = options.dryRun === true ? 'would be authorised; the API server accepts it' : 'authorised';
    const covered = waitingPlans(plans, nowMs).map(
      (plan) =>
        `ScalePlan ${plan.metadata.name} asks for ${askedFor(plan)} and still waits: reject it, or let it expire.`,
    );
    return [
      `${called}: ${done}, by ${await cluster.whoAmI()}.`,
      ...changeLines(campaign, after, zone).map((line) => `  ${line}`),
      ...consequences(campaign, after, plans, nowMs),
      ...covered,
      `Follow it with kubectl voucher status ${called} ${where(options, campaign.metadata.namespace)} -w`,
      '',
    ].join('\n');
  });
  io.out(text);
};

const several = (text: string, before: readonly string[] = []): readonly string[] => [...before, text];

export const authorizeCommand = (io: Io): Command =>
  withClusterOptions(new Command('authorize'))
    .description(
      'set how many replicas a campaign may use without asking; needs the verb authorize and permission to patch the campaign',
    )
    .argument('[campaign]', 'name of the campaign; optional if there is only one')
    .option('--ceiling <tier=replicas>', 'most replicas of a tier; can be repeated', several)
    .option(
      '--window <from/until>',
      'set the ceilings for this time only, such as opening day; replaces a window with the same times',
    )
    .option('--remove-window <from/until>', 'remove a window')
    .option('--dry-run', 'let the API server check it, and change nothing')
    .addHelpText(
      'after',
      '\nExamples:\n  kubectl voucher authorize spring-2027 -n vouchers --ceiling intake=60 --ceiling records=6\n  kubectl voucher authorize spring-2027 -n vouchers --window 09:00/12:00 --ceiling intake=200',
    )
    .action((name: string | undefined, options: Options) => authorize(name, options, io));
