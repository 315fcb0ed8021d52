/** How the destruction of a campaign's personal data is shown: condition, status and certificate. Pure. */
import type { ConfigMap } from 'kubernetes-types/core/v1.js';
import type { Destroyed, Destroying } from '../../contract/decisions/control.ts';
import { linkOf } from '../../contract/hash-chain.ts';
import { DESTROY_ANNOTATION, dataKeyBucketName } from '../../contract/names.ts';
import type { VoucherCampaign, VoucherCampaignStatus } from '../../contract/types/campaign.ts';
import { asBefore, type ConditionInput, no, unknown, type Verdict, yes } from '../conditions/verdict.ts';
import { hasDraw } from '../draw/order.ts';
import { buildCertificate } from '../resources/certificate.ts';
import { destroyCommandOf } from './destroy-command.ts';
import type { DestructionState } from './destruction-keeper.ts';
import { deleteAtMs } from './destruction-request.ts';

type PersonalDataDestroyed = Verdict<'PersonalDataDestroyed'>;
export type PrivacyStatus = NonNullable<VoucherCampaignStatus['privacy']>;

const instantText = (ms: number): string => new Date(ms).toISOString();

/** What is proven to be destroyed. The same text from every process: its digest is in the audit trail. */
export const certificateText = (order: Destroying, destroyed: Destroyed): string => {
  const { campaignId, cause, who, reason, keys, streams, secret } = order;
  const certificate = {
    kind: 'DeletionCertificate',
    v: 1,
    campaignId,
    orderedAt: order.at,
    orderedBy: cause === 'Date' ? 'the date that the spec states' : who,
    ...(reason === undefined ? {} : { reason }),
    dataKeys: { bucket: dataKeyBucketName(campaignId), destroyedAt: destroyed.keysDestroyedAt, ids: keys },
    privacySecret: { name: secret, emptiedAt: destroyed.secretEmptiedAt, checkedBy: destroyed.secretCheckedBy },
    unreadableStreams: streams,
    completedAt: destroyed.at,
    completedBy: destroyed.operator,
  };
  return `${JSON.stringify(certificate, null, 2)}\n`;
};

/** Undefined: not everything is destroyed. */
export const certificateOf = (
  campaign: VoucherCampaign,
  destruction: DestructionState | undefined,
): ConfigMap | undefined =>
  destruction?.kind === 'done'
    ? buildCertificate(campaign, certificateText(destruction.order, destruction.destroyed))
    : undefined;

/** SHA-256 of its text, hex: what `sha256sum` prints. */
export const certificateDigest = (text: string): string => linkOf(text).hash;

/** The command that empties the Secret. Pods then lose the keys from their mounts, which a deletion would not do. */
export const emptySecretCommand = (namespace: string, secret: string): string =>
  `kubectl patch secret ${secret} -n ${namespace} --type=json -p '[{"op":"add","path":"/data","value":{}}]'`;

const ordered = ({ at, cause, who }: Destroying): string =>
  cause === 'Date' ? `due since ${at}` : `ordered by ${who} at ${at}`;

/** By what needs the keys. */
const NEEDS = {
  draw: {
    end: (spec: VoucherCampaign['spec']): string =>
      hasDraw(spec)
        ? 'the result of the draw is announced, because the draw needs citizen.key of the privacy Secret'
        : 'the list of the draw is made, because the list needs citizen.key of the privacy Secret',
    see: (spec: VoucherCampaign['spec']): string =>
      hasDraw(spec) ? 'The conditions ListFrozen, DrawCommitted and Drawn say' : 'The condition ListFrozen says',
    lost: 'Afterwards no list and no winner can be computed',
  },
  issuance: {
    end: () =>
      'issuance has started and no request to a channel is open, because requests need the accounts of winners',
    see: () => 'The conditions Issued and ChannelsReachable say',
    lost: 'Afterwards nothing more can be issued',
  },
  exclusion: {
    end: () =>
      'every campaign that excludes the winners of this one has a list of them, because the list needs their identity numbers',
    see: () => 'The condition EarlierWinnersExcluded of these campaigns says',
    lost: 'Afterwards these campaigns can freeze no list of a draw',
  },
} as const;

const NEED_OF = {
  HeldByDraw: 'draw',
  WaitingForList: 'draw',
  HeldByIssuance: 'issuance',
  WaitingForIssuance: 'issuance',
  HeldByExclusion: 'exclusion',
  WaitingForExclusion: 'exclusion',
} as const;

const waiting = (
  why: keyof typeof NEED_OF,
  { metadata, spec }: VoucherCampaign,
  excluders: readonly string[],
  dueAt: string,
  due: string,
): PersonalDataDestroyed => {
  const { end: endOf, see, lost } = NEEDS[NEED_OF[why]];
  const who = NEED_OF[why] === 'exclusion' ? ` (${excluders.join(', ')})` : '';
  const end = `${endOf(spec)}${who}`;
  if (why === 'WaitingForList' || why === 'WaitingForIssuance' || why === 'WaitingForExclusion') {
    return no(
      why,
      `An owner has ordered to destroy the personal data. It begins when ${end}. To cancel the order, remove the annotation ${DESTROY_ANNOTATION}. ${due}`,
    );
  }
  return no(
    why,
    `All personal data was to be destroyed at ${dueAt} (spec.privacy.deleteAfterDays), and it still exists. It is destroyed when ${end}. ${see(spec)} what is missing. An owner who gives that up destroys the data now: kubectl voucher destroy-keys ${metadata.name} -n ${metadata.namespace} --confirm ${spec.campaignId} --reason TEXT. ${lost}.`,
  );
};

/**
 * | known of it                                         | status  | reason |
 * |-----------------------------------------------------|---------|--------|
 * | nothing yet, but a leader before knew               | as before | as before |
 * | nothing yet                                         | Unknown | NotYetObserved |
 * | the journal, or the API server, does not answer     | Unknown | NotConfirmed |
 * | an entry can't be read by this release              | Unknown | EntryUnreadable |
 * | not due; the command can't be read                  | False   | CommandUnreadable |
 * | not due                                             | False   | NotDue |
 * | a command, and the draw is not over                 | False   | WaitingForList |
 * | a command, and issuance is not over                 | False   | WaitingForIssuance |
 * | a command, and a campaign needs a list of the winners | False | WaitingForExclusion |
 * | due by the date, and the draw is not over           | False   | HeldByDraw |
 * | due by the date, and issuance is not over           | False   | HeldByIssuance |
 * | due by the date, and a campaign needs a list of the winners | False | HeldByExclusion |
 * | ordered, steps under way                            | False   | Destroying |
 * | data keys destroyed; a person must empty the Secret, or other campaigns need it | False | SecretNotEmptied |
 * | all is destroyed                                    | True    | Destroyed |
 */
export const personalDataDestroyed = (
  input: Pick<ConditionInput, 'observed' | 'campaign' | 'nowMs'>,
): PersonalDataDestroyed => {
  const { destruction } = input.observed;
  const { metadata, spec } = input.campaign;
  switch (destruction?.kind) {
    case undefined:
      return (
        asBefore(input, 'PersonalDataDestroyed') ??
        unknown('NotYetObserved', 'The journal has not been asked yet whether the personal data is destroyed.')
      );
    case 'unknown':
      return unknown(
        'NotConfirmed',
        `It is not confirmed that the personal data is destroyed: ${destruction.message}. The operator tries again.`,
      );
    case 'unreadable':
      return unknown(
        'EntryUnreadable',
        `The destruction of the personal data is ordered, but ${destruction.message}. Install the release that wrote it, or a later one.`,
      );
    case 'wait': {
      const dueAtMs = deleteAtMs(spec, input.observed.previous, input.nowMs);
      const due = `All personal data will be destroyed at ${instantText(dueAtMs)} (spec.privacy.deleteAfterDays: ${spec.privacy.deleteAfterDays} days after closing).`;
      const command = destroyCommandOf(input.campaign);
      if (command.kind === 'unreadable') return no('CommandUnreadable', `${command.message} ${due}`);
      if (destruction.why === 'NotDue') return no('NotDue', due);
      return waiting(destruction.why, input.campaign, input.observed.excluders ?? [], instantText(dueAtMs), due);
    }
    case 'destroying':
      return no('Destroying', 'The personal data is being destroyed: first the data keys, then the privacy Secret.');
    case 'emptySecret': {
      const { order, users } = destruction;
      const held = `All data keys are destroyed (${ordered(order)}), so sealed personal data is unreadable. The Secret ${order.secret} still holds citizen.key, which could be used to find identity numbers by trying them all`;
      return no(
        'SecretNotEmptied',
        users.length > 0
          ? `${held}. Do not empty it: campaigns with the same spec.privacy.keySecretName need its keys (${users.join(', ')}). The operator empties it when the destruction of their personal data is ordered, too. Give each new campaign a Secret of its own.`
          : `${held}, and the operator has no permission to empty it. Run: ${emptySecretCommand(metadata.namespace, order.secret)}. The operator confirms it when the intake pods no longer have the keys.`,
      );
    }
    case 'done':
      return yes(
        'Destroyed',
        `All personal data was destroyed at ${destruction.destroyed.at} (${ordered(destruction.order)}): ${destruction.order.keys.length} data keys and the keys of the Secret ${destruction.order.secret}. To print the certificate: kubectl voucher certificate ${metadata.name} -n ${metadata.namespace}.`,
      );
  }
};

/** What is destroyed remains in the status while the journal does not answer. */
export const privacyStatus = (
  destruction: DestructionState | undefined,
  previous: PrivacyStatus | undefined,
  deleteAt: number,
): PrivacyStatus => {
  const base = { deleteAt: instantText(deleteAt) };
  const orderOf = ({ at: orderedAt, cause, who, reason }: Destroying) => ({
    orderedAt,
    cause,
    ...(who === undefined ? {} : { who }),
    ...(reason === undefined ? {} : { reason }),
  });
  switch (destruction?.kind) {
    case 'wait':
      return base;
    case 'destroying':
      return 'order' in destruction.step ? { ...base, ...orderOf(destruction.step.order) } : base;
    case 'emptySecret':
      return { ...base, ...orderOf(destruction.order) };
    case 'done': {
      const { order, destroyed } = destruction;
      const certificate = certificateDigest(certificateText(order, destroyed));
      return { ...base, ...orderOf(order), destroyedAt: destroyed.at, certificate };
    }
    default:
      return { ...previous, ...base };
  }
};
