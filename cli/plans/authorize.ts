/** `kubectl voucher authorize`: an owner says beforehand what a campaign may use without asking. */

import { Command } from 'commander';
import { instantMs } from '../../contract/instant.ts';
import { isKubeError } from '../../operator/kube/errors.ts';
import { CAMPAIGNS } from '../../operator/kube/resources.ts';
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
 * | given     | given    | no              | a window, new or in its place   |
 * | no        | no       | given           | a window goes                   |
 * | otherwise |          |                 | an error that shows these three |
 */
const changeOf = ({ ceiling, window, removeWindow }: Options, zone: Zone, opensAtMs: number): Change => {
  if (removeWindow !== undefined && ceiling === undefined && window === undefined) {
    return { kind: 'remove-window', span: parseSpan('--remove-window', removeWindow, zone, opensAtMs) };
  }
  if (ceiling === undefined || removeWindow !== undefined) {
    throw new UsageError(
      'say what is authorised: --ceiling intake=60 for all times, --window FROM/UNTIL --ceiling intake=60 for a while, or --remove-window FROM/UNTIL',
    );
  }
  const ceilings = parseCeilings(ceiling);
  return window === undefined
    ? { kind: 'ceilings', ceilings }
    : { kind: 'window', span: parseSpan('--window', window, zone, opensAtMs), ceilings };
};

/** Which of the two rights it takes are missing. */
const refused = async (api: Api, namespace: string, message: string, signal: AbortSignal): Promise<ForbiddenError> => {
  const [patch, authorize] = await Promise.all(
    ['patch', 'authorize'].map((verb) => isAllowed(api, { verb, resource: CAMPAIGNS, namespace }, signal)),
  );
  const role = (kind: string): string => `<release namespace>-<release>-campaign-${kind}`;
  const missing = [
    ...(patch === true ? [] : [`  patch on vouchercampaigns, which the chart's ClusterRole ${role('editor')} gives`]),
    ...(authorize === true ? [] : [`  authorize on vouchercampaigns, which only ${role('owner')} gives`]),
  ];
  const lacks = missing.length === 0 ? '' : `\nYou lack\n${missing.join('\n')}`;
  return new ForbiddenError(
    `${message}${lacks}\nWhoever may, authorises it; or leave it: the operator asks by a ScalePlan when more is needed`,
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
    // Against what was shown. Not against a version: the operator writes the status all the time.
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
      throw new UsageError(
        error.message.includes('is invalid')
          ? `it was not taken: ${error.message}`
          : `somebody changed ${name} in this moment: look at it and try again`,
        { cause: error },
      );
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
    const said = options.dryRun === true ? 'would be authorised; the API server takes it' : 'authorised';
    const covered = waitingPlans(plans, nowMs).map(
      (plan) =>
        `ScalePlan ${plan.metadata.name} asks for ${askedFor(plan)} and still waits: it expires by itself, or reject it.`,
    );
    return [
      `${called}: ${said}, by ${await cluster.whoAmI()}.`,
      ...changeLines(scaling.authorized, after, zone).map((line) => `  ${line}`),
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
    .description('say what a campaign may use without asking; it takes the verb authorize and the right to patch it')
    .argument('[campaign]', 'its name; not needed where there is only one')
    .option('--ceiling <tier=replicas>', 'most replicas of a tier; several times for several tiers', several)
    .option('--window <from/until>', 'only from then until then, such as opening day; replaces one of the same span')
    .option('--remove-window <from/until>', 'take a window away')
    .option('--dry-run', 'let the API server judge it, and change nothing')
    .addHelpText(
      'after',
      '\nExamples:\n  kubectl voucher authorize spring-2027 -n vouchers --ceiling intake=60 --ceiling records=6\n  kubectl voucher authorize spring-2027 -n vouchers --window 09:00/12:00 --ceiling intake=200',
    )
    .action((name: string | undefined, options: Options) => authorize(name, options, io));
