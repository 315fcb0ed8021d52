/** `kubectl voucher erase`: the personal data of one person. */
import { Command } from 'commander';
import { eraseAnnotation } from '../../contract/names.ts';
import type { VoucherCampaign } from '../../contract/types/campaign.ts';
import { deleteAtMs } from '../../operator/destruction/destruction-request.ts';
import { eraseText, MOST_ERASURES } from '../../operator/erasure/erase-commands.ts';
import type { ErasureStatus } from '../../operator/erasure/erasure-types.ts';
import { isKubeError } from '../../operator/kube/errors.ts';
import { type Cluster, type ClusterOptions, onCluster, withClusterOptions } from '../cluster.ts';
import { ForbiddenError, UsageError } from '../errors.ts';
import type { Io } from '../io.ts';
import { clockOf, instantOf, zoneOf } from '../times.ts';

interface EraseOptions extends ClusterOptions {
  readonly reason: string;
}

/** After this time the trail has an erasure, and its annotation is removed with the next command. */
const REMOVED_AFTER_MS = 10 * 60_000;
const RECEIPT = /^[0-9A-HJKMNP-TV-Z]{26}$/;

/** As people write it: read out on the phone, with spaces and dashes between groups. */
const asIssued = (text: string): string => {
  const receipt = text.replaceAll(/[\s-]/g, '').toUpperCase().replaceAll('O', '0').replaceAll(/[IL]/g, '1');
  if (RECEIPT.test(receipt)) return receipt;
  throw new UsageError(`${text} is no receipt number: it has 26 letters and digits`);
};

const erasureOf = ({ status }: VoucherCampaign, receipt: string, at: string): ErasureStatus | undefined =>
  status?.erasures?.find((one) => one.receipt === receipt && one.requestedAt === at);

/** The policy's own message names the missing permission. */
export const annotated = async (
  cluster: Cluster,
  campaign: VoucherCampaign,
  key: string,
  text: string | undefined,
): Promise<void> => {
  try {
    await cluster.annotate(campaign, key, text);
  } catch (error) {
    if (!isKubeError(error, 'forbidden') || !error.message.includes('ValidatingAdmissionPolicy')) throw error;
    throw new ForbiddenError(error.message, { cause: error });
  }
};

/** Commands that are carried out have no effect any more; an object has room for a limited number of annotations. */
const removeOld = async (cluster: Cluster, campaign: VoucherCampaign, nowMs: number): Promise<void> => {
  const old = (campaign.status?.erasures ?? []).filter(
    ({ state, erasedAt }) =>
      state === 'Erased' && erasedAt !== undefined && nowMs - Date.parse(erasedAt) > REMOVED_AFTER_MS,
  );
  for (const { receipt } of old) {
    const now = await cluster.campaign(campaign.metadata.name);
    await cluster.annotate(now, eraseAnnotation(receipt), undefined);
  }
};

const erase = async (name: string, sent: string, options: EraseOptions, io: Io): Promise<void> => {
  const receipt = asIssued(sent);
  const reason = options.reason.trim();
  if (reason === '') throw new UsageError('--reason is empty: write why, without names or numbers of people');
  const text = await onCluster(options, io, async (cluster) => {
    const nowMs = io.wallMs();
    await removeOld(cluster, await cluster.campaign(name), nowMs);
    const campaign = await cluster.campaign(name);
    const { name: called } = campaign.metadata;
    const open = (campaign.status?.erasures ?? []).filter((one) => one.receipt !== receipt);
    if (open.length >= MOST_ERASURES) {
      throw new UsageError(
        `${called} has ${open.length} commands to erase, which is the most: wait until some are carried out, or remove annotations that name unknown receipts`,
      );
    }
    const zone = zoneOf(campaign.spec.window.opensAt);
    const at = instantOf(nowMs, zone);
    await annotated(
      cluster,
      campaign,
      eraseAnnotation(receipt),
      eraseText({ who: await cluster.whoAmI(), at, reason }),
    );
    const seen = await cluster.awaitStatus(campaign, (one) => {
      const state = erasureOf(one, receipt, at)?.state;
      return state !== undefined && state !== 'Waiting';
    });
    const done = seen === undefined ? undefined : erasureOf(seen, receipt, at);
    const until = `${clockOf(deleteAtMs(campaign.spec, campaign.status, nowMs), zone, nowMs)} UTC${zone.text}`;
    const sealed = `The journal keeps the sealed fields, which no tier uses any more. They become unreadable when the data keys are destroyed: at ${until} at the latest, earlier if an admin destroys that day's key (docs/operations.md).\n`;
    switch (done?.state) {
      case 'Erased': {
        const more = (done.receipts ?? 1) > 1 ? `, with ${(done.receipts ?? 1) - 1} more of the same person` : '';
        return `${called}: receipt ${receipt} is erased${more}. Its rows in the database are emptied when records has read that, within seconds as a rule.\n${sealed}`;
      }
      case 'UnknownReceipt':
        throw new UsageError(`${called}: ${done.message ?? 'the receipt is unknown'}`);
      default:
        return `${called}: the command is given. The operator reads the whole journal for more receipts of the same person, which can take a minute; status.erasures of the campaign shows the end.\n${sealed}`;
    }
  });
  io.out(text);
};

export const eraseCommand = (io: Io): Command =>
  withClusterOptions(new Command('erase'))
    .description(
      'erase the personal data of the person of a receipt, with all receipts of that person; needs the verb erase',
    )
    .addHelpText(
      'after',
      '\nExample:\n  kubectl voucher erase spring-2027 7H3K0M2PQR4S5T6V7W8X9Y0Z1A -n vouchers --reason "request 17 of 3 March"',
    )
    .argument('<campaign>', 'name of the campaign')
    .argument('<receipt>', 'receipt number')
    .requiredOption('--reason <text>', 'why, for the audit trail; without names or numbers of people')
    .action((name: string, receipt: string, options: EraseOptions) => erase(name, receipt, options, io));
