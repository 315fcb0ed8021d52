/** `kubectl voucher draw commit` and `draw source`: what people command about a draw, by annotations that the API server checks. */
import { Command } from 'commander';
import { publicValue } from '../../contract/decisions/public-value.ts';
import { DRAW_COMMIT, drawSourceAnnotation } from '../../contract/names.ts';
import type { VoucherCampaign } from '../../contract/types/campaign.ts';
import {
  agreementOf,
  commitText,
  drawCommandsOf,
  enteredFor,
  firstDigits,
  listDigits,
  sourceText,
} from '../../operator/draw/commands.ts';
import { hasDraw } from '../../operator/draw/order.ts';
import { isKubeError } from '../../operator/kube/errors.ts';
import { type Cluster, type ClusterOptions, onCluster, withClusterOptions } from '../cluster.ts';
import { ForbiddenError, UsageError } from '../errors.ts';
import type { Io } from '../io.ts';

export const UNCONFIRMED = 'the operator has not confirmed it yet: check with kubectl voucher draw show.';

/** The policy's own message names the missing permission. */
export const annotate = async (
  cluster: Cluster,
  campaign: VoucherCampaign,
  key: string,
  text: string,
): Promise<void> => {
  try {
    await cluster.annotate(campaign, key, text);
  } catch (error) {
    if (!isKubeError(error, 'forbidden') || !error.message.includes('ValidatingAdmissionPolicy')) throw error;
    throw new ForbiddenError(error.message, { cause: error });
  }
};

/** @throws UsageError */
export const assertDraws = ({ metadata: { name }, spec }: VoucherCampaign): void => {
  if (!hasDraw(spec)) throw new UsageError(`campaign ${name} has no draw: state spec.draw.sources before it opens`);
};

const leftOutText = (excluded: number | undefined): readonly string[] =>
  excluded === undefined ? [] : [`  ${excluded} people are left out, because they won in an earlier campaign\n`];

/** What the commitment will fix. */
export const termsText = ({ spec, status }: VoucherCampaign): string =>
  (status?.draw?.lists ?? [])
    .map(({ voucher, entries, digest }) => {
      const quota = spec.vouchers.find(({ name }) => name === voucher)?.quota ?? 0;
      return `  ${voucher}: ${Math.min(quota, entries)} of ${entries} win; list ${digest}\n`;
    })
    .concat(leftOutText(status?.draw?.excluded))
    .join('');

const commit = async (name: string | undefined, options: ClusterOptions, io: Io): Promise<void> => {
  const text = await onCluster(options, io, async (cluster) => {
    const campaign = await cluster.campaign(name);
    assertDraws(campaign);
    const { name: called } = campaign.metadata;
    const draw = campaign.status?.draw;
    if (draw?.commitment !== undefined) return `${called}: commitment ${draw.commitment} is published already.\n`;
    if (draw?.lists === undefined) {
      throw new UsageError(
        `the list of ${called} is not made yet, so there is nothing to commit to: kubectl voucher draw show ${called} -n ${cluster.namespace}`,
      );
    }
    await annotate(cluster, campaign, DRAW_COMMIT, commitText(await cluster.whoAmI(), listDigits(draw.lists)));
    const seen = await cluster.awaitStatus(campaign, ({ status }) =>
      (status?.conditions ?? []).some(
        ({ type, reason }) =>
          type === 'DrawCommitted' && reason !== 'WaitingForAuthorization' && reason !== 'NotListed',
      ),
    );
    const state = seen === undefined ? UNCONFIRMED : 'a Job computes the commitment and publishes it.';
    return `${called}: you have authorised the commitment; ${state}\n${termsText(campaign)}`;
  });
  io.out(text);
};

/** Where this person's value goes: over their own, else into a place without a value for this commitment. @throws UsageError */
const placeFor = (campaign: VoucherCampaign, source: string, user: string, commitment: string): 1 | 2 => {
  const { annotations = {} } = campaign.metadata;
  const texts = ([1, 2] as const).map((place) => ({ place, text: annotations[drawSourceAnnotation(source, place)] }));
  const own = texts.find(({ text }) => text?.startsWith(`by ${user} (commitment `) === true);
  const free = texts.find(({ text }) => text?.includes(` (commitment ${firstDigits(commitment)}): `) !== true);
  const found = own ?? free;
  if (found !== undefined) return found.place;
  throw new UsageError(
    `two other people have entered the value of ${source}. If they are wrong, an editor removes one of the annotations draw-source.voucher-operator.io/${source}.1 and .2`,
  );
};

const enter = async (
  [name, source, text]: readonly [string, string, string],
  options: ClusterOptions,
  io: Io,
): Promise<void> => {
  const said = await onCluster(options, io, async (cluster) => {
    const campaign = await cluster.campaign(name);
    assertDraws(campaign);
    const sources = (campaign.spec.draw.sources ?? []).filter(({ type }) => type === 'PublicValue');
    if (!sources.some((one) => one.name === source)) {
      const known = sources.map((one) => `  ${one.name}: ${one.description}`).join('\n');
      throw new UsageError(`${name} has no public value ${source}; existing ones:\n${known}`);
    }
    const { notBefore, commitment, result, missing = [] } = campaign.status?.draw ?? {};
    if (notBefore === undefined || commitment === undefined)
      throw new UsageError('the commitment is not published yet, so no value is wanted');
    if (io.wallMs() < Date.parse(notBefore)) throw new UsageError(`no value is accepted before ${notBefore}`);
    if (result !== undefined || !missing.includes(source)) return `${name}: ${source} has its value.\n`;
    const value = valueFrom(text);
    const user = await cluster.whoAmI();
    const key = drawSourceAnnotation(source, placeFor(campaign, source, user, commitment));
    const written = sourceText(user, commitment, value);
    await annotate(cluster, campaign, key, written);
    const annotations = { ...campaign.metadata.annotations, [key]: written };
    const commands = drawCommandsOf({ ...campaign, metadata: { ...campaign.metadata, annotations } });
    return `${name}: ${outcomeText(agreementOf(enteredFor(commands, source, commitment)), source)}\n`;
  });
  io.out(said);
};

/** @throws UsageError */
const valueFrom = (text: string): string => {
  try {
    return publicValue(text);
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error), { cause: error });
  }
};

const outcomeText = (agreement: ReturnType<typeof agreementOf>, source: string): string => {
  switch (agreement.kind) {
    case 'agree':
      return `${agreement.by.join(' and ')} have entered the same value for ${source}.`;
    case 'differ':
      return `${agreement.by.join(' and ')} have entered different values for ${source}. The operator takes neither: compare them with what was published.`;
    case 'missing':
    case 'onePerson':
      return `your value of ${source} is entered. Another person must enter the same one.`;
  }
};

export const commitCommand = (io: Io): Command =>
  withClusterOptions(new Command('commit'))
    .description(
      'authorise the commitment of the draw: it fixes lists, quotas and sources; you need the verb authorize on vouchercampaigns',
    )
    .addHelpText('after', '\nExample:\n  kubectl voucher draw commit spring-2027 -n vouchers')
    .argument('[campaign]', 'name of the campaign; optional if there is only one')
    .action((name: string | undefined, options: ClusterOptions) => commit(name, options, io));

export const sourceCommand = (io: Io): Command =>
  withClusterOptions(new Command('source'))
    .description(
      'enter a public value, as two different people must; you need the verb draw on vouchercampaigns (ClusterRole draw-witness)',
    )
    .addHelpText(
      'after',
      '\nExample:\n  kubectl voucher draw source spring-2027 lottery "03 11 17 22 28 31 + 09" -n vouchers',
    )
    .argument('<campaign>', 'name of the campaign')
    .argument('<source>', 'name of the source in spec.draw.sources')
    .argument('<value>', 'as it was published, written as the source’s description says')
    .action((name: string, source: string, value: string, options: ClusterOptions) =>
      enter([name, source, value], options, io),
    );
