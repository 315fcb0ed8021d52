/** `kubectl voucher destroy-keys` and `certificate`: the end of all personal data of a campaign. */
import { Command } from 'commander';
import { z } from 'zod';
import { certificateName, DESTROY_ANNOTATION } from '../../contract/names.ts';
import type { VoucherCampaign } from '../../contract/types/campaign.ts';
import { parseJson } from '../../contract/untrusted.ts';
import { destroyText } from '../../operator/destruction/destroy-command.ts';
import { certificateDigest } from '../../operator/destruction/destruction-messages.ts';
import { CERTIFICATE_FILE } from '../../operator/resources/certificate.ts';
import { type ClusterOptions, onCluster, withClusterOptions } from '../cluster.ts';
import { UsageError } from '../errors.ts';
import type { Io } from '../io.ts';
import { forPrograms, type Output, withOutput } from '../output.ts';
import { instantOf, zoneOf } from '../times.ts';
import { annotated } from './erase.ts';

interface DestroyOptions extends ClusterOptions {
  readonly confirm: string;
  readonly reason: string;
}
interface CertificateOptions extends ClusterOptions {
  readonly output: Output;
}

const destroy = async (name: string, options: DestroyOptions, io: Io): Promise<void> => {
  const reason = options.reason.trim();
  if (reason === '') throw new UsageError('--reason is empty: write why, without names or numbers of people');
  const text = await onCluster(options, io, async (cluster) => {
    const campaign = await cluster.campaign(name);
    const { campaignId, window } = campaign.spec;
    if (options.confirm !== campaignId) {
      throw new UsageError(
        `--confirm ${options.confirm} is not the campaignId of ${name}: all its personal data would be unreadable for ever. To confirm that, type --confirm ${campaignId}`,
      );
    }
    const atMs = io.wallMs();
    const said = destroyText(
      campaignId,
      { who: await cluster.whoAmI(), atMs, reason },
      instantOf(atMs, zoneOf(window.opensAt)),
    );
    await annotated(cluster, campaign, DESTROY_ANNOTATION, said);
    const conditionOf = (one: VoucherCampaign) =>
      one.status?.conditions?.find(({ type }) => type === 'PersonalDataDestroyed');
    const seen = await cluster.awaitStatus(campaign, (one) =>
      ['Destroyed', 'SecretNotEmptied', 'WaitingForList', 'WaitingForIssuance', 'CommandUnreadable'].includes(
        conditionOf(one)?.reason ?? '',
      ),
    );
    const message = seen === undefined ? undefined : conditionOf(seen)?.message;
    return `${name}: ${message ?? 'the order is given; the condition PersonalDataDestroyed shows the end.'}\n`;
  });
  io.out(text);
};

const show = async (name: string, options: CertificateOptions, io: Io): Promise<void> => {
  const { text, condition } = await onCluster(options, io, async (cluster) => {
    const campaign = await cluster.campaign(name);
    const found = await cluster.configMap(campaign.metadata.namespace, certificateName(name));
    const condition = campaign.status?.conditions?.find(({ type }) => type === 'PersonalDataDestroyed');
    return { text: found?.[CERTIFICATE_FILE], condition };
  });
  if (text === undefined) {
    throw new UsageError(`${name} has no deletion certificate yet. ${condition?.message ?? ''}`.trim());
  }
  const sha256 = certificateDigest(text);
  const certificate = z.record(z.string(), z.unknown()).parse(parseJson(text));
  io.out(
    forPrograms(options.output, { sha256, certificate }) ??
      `${text}SHA-256 ${sha256}\nThe audit trail holds this digest, also after the campaign is deleted: kubectl voucher audit ${name}\n`,
  );
};

export const destroyKeysCommand = (io: Io): Command =>
  withClusterOptions(new Command('destroy-keys'))
    .description('destroy all personal data of a campaign, for ever, before its date; needs the verb authorize')
    .addHelpText(
      'after',
      '\nExample:\n  kubectl voucher destroy-keys spring-2027 -n vouchers --confirm spring-2027 --reason "all vouchers are redeemed"',
    )
    .argument('<campaign>', 'name of the campaign')
    .requiredOption('--confirm <campaignId>', 'the campaignId, typed again')
    .requiredOption('--reason <text>', 'why, for the certificate and the audit trail')
    .action((name: string, options: DestroyOptions) => destroy(name, options, io));

export const certificateCommand = (io: Io): Command =>
  withOutput(withClusterOptions(new Command('certificate')))
    .description('the certificate that all personal data of a campaign is destroyed')
    .addHelpText('after', '\nExample:\n  kubectl voucher certificate spring-2027 -n vouchers -o json')
    .argument('<campaign>', 'name of the campaign')
    .action((name: string, options: CertificateOptions) => show(name, options, io));
