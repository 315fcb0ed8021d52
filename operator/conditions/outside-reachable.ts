/** Whether the outside systems of a campaign take requests, by what pods report of their own requests. */

import type { ConditionReason } from '../../contract/conditions.ts';
import { CHANNEL_KEYS } from '../../contract/outside/issuance.ts';
import { providerFaults } from '../../contract/outside/provider-faults.ts';
import { entryOf } from '../../contract/tiers.ts';
import type { VoucherCampaignSpec } from '../../contract/types/campaign.ts';
import { clockIn, knownZone } from '../../runtime/zone-dates.ts';
import type { Standing } from '../outside/hand-out.ts';
import { outsideRate } from '../outside/outlook.ts';
import { outsideTiersOf } from '../outside/targets.ts';
import { type ConditionInput, no, unknown, type Verdict, yes } from './verdict.ts';

/** What is said of systems of one kind. */
interface Words {
  readonly cap: 'provider' | 'channel';
  /** `Provider`. */
  readonly one: string;
  readonly pods: string;
  readonly secretName: (spec: VoucherCampaignSpec) => string;
  /** Where its keys are looked up. */
  readonly keys: (name: string, secretName: string) => string;
  /** What goes on while none of them can be asked. */
  readonly none: string;
  readonly some: (rate: number, names: string) => string;
}

const PROVIDERS: Words = {
  cap: 'provider',
  one: 'Provider',
  pods: 'verification',
  secretName: ({ verification }) => verification?.secretName ?? '',
  keys: (name, secretName) =>
    `Compare ${name}.secret-id and ${name}.secret-key in the Secret ${secretName} with the provider's console (a key may be missing in the Secret), and check the account there.`,
  none: 'No identity is checked meanwhile. Registration continues, and registrations wait for their check; none is rejected because of this.',
  some: (rate, names) => `Meanwhile identities are checked at ${rate}/s by ${names}.`,
};

const keyFiles = (name: string): string => {
  const found = Object.entries(CHANNEL_KEYS).find(([channel]) => channel === name);
  return Object.values(found?.[1] ?? {}).join(', ');
};

const CHANNELS: Words = {
  cap: 'channel',
  one: 'Channel',
  pods: 'issuance',
  secretName: ({ issuance }) => issuance?.secretName ?? '',
  keys: (name, secretName) =>
    `Compare the files of the Secret ${secretName} (${keyFiles(name)}) with the merchant platform (one may be missing), and check there that the stocks are started and have a budget.`,
  none: 'No voucher is issued meanwhile. Vouchers wait; none is lost.',
  some: (_rate, names) => `Vouchers of ${names} are issued meanwhile; those of the others wait.`,
};

const namesOf = (standings: readonly Standing[]): string => standings.map(({ name }) => name).join(', ');

/** What goes on while some can't be asked. */
const meanwhile = (standings: readonly Standing[], { none, some }: Words): string => {
  const rate = outsideRate(standings);
  const asked = standings.filter(({ state }) => state === 'asked');
  return rate === 0 ? none : some(rate, namesOf(asked));
};

const refuses = ({ name }: Standing, { one, keys }: Words, secretName: string): string =>
  `${one} ${name} refuses every request, because of a key, the signature or the account. ${keys(name, secretName)} One pod retries after 10 to 60 s; when the ${one.toLowerCase()} answers, all pods ask again.`;

const fails = ({ name }: Standing, { one, pods }: Words): string =>
  `${one} ${name} does not answer, or answers with errors. Check whether it reports an outage, and whether ${pods} pods can reach its address. One pod retries after 1 to 30 s; when the ${one.toLowerCase()} answers, all pods ask again.`;

const usedUp = ({ name, requestsPerDay, leftToday, timeZone, resumesAtMs }: Standing, { one }: Words): string => {
  const by = leftToday === 0 ? `requestsPerDay is ${requestsPerDay}` : `the ${one.toLowerCase()} says so`;
  const zone = knownZone(timeZone);
  const again = resumesAtMs === undefined ? '' : ` It is asked again at ${clockIn(zone, resumesAtMs)} ${zone}.`;
  return `${one} ${name} takes no more requests today: ${by}.${again} Agree on a larger quota with the ${one.toLowerCase()}, then raise requestsPerDay.`;
};

/** Single pods that are refused while others are answered. */
const refusedPods = (standings: readonly Standing[]): string =>
  standings
    .filter((standing) => standing.refusedPods.length > 0)
    .map(
      ({ name, refusedPods: pods }) =>
        ` ${name} refuses ${pods.join(', ')} and answers other pods: compare the clocks of their nodes.`,
    )
    .join('');

/** Pods ask no provider of a campaign in which one can't be asked. */
const invalid = ({ verification }: VoucherCampaignSpec): string =>
  (verification?.providers ?? [])
    .flatMap((provider) => providerFaults(provider).map((fault) => `Provider ${provider.name}: ${fault}.`))
    .join(' ');

interface Found {
  readonly kind: 'refused' | 'failing' | 'quota' | 'unseen' | 'answer';
  readonly text: string;
}

/**
 * Rows are tried from the top. A system is stopped by what pods report (operator/outside/stops.ts). A channel that a person stopped, or
 * whose stock differs, can be asked: the condition Issued reports it.
 *
 * | systems                                            | found   |
 * |----------------------------------------------------|---------|
 * | the campaign has no such systems                   | undefined |
 * | one refuses every request of the campaign          | refused |
 * | one fails at two pods, or at the only one          | failing |
 * | one has no requests left today                     | quota   |
 * | no pod has reported on one yet, or the shares in force are not known | unseen |
 * | otherwise                                          | answer  |
 */
const reachable = ({ campaign: { spec }, handOuts = {} }: ConditionInput, words: Words): Found | undefined => {
  const tiers = outsideTiersOf(spec).filter((tier) => entryOf(tier).outsideCap === words.cap);
  if (tiers.length === 0) return undefined;
  const standings = tiers.flatMap((tier) => handOuts[tier]?.standings ?? []);
  const secretName = words.secretName(spec);
  const of = (state: Standing['state']): readonly Standing[] => standings.filter((one) => one.state === state);
  const [refused, failing, quota] = [of('refused'), of('failing'), of('quota')];
  const text = [
    ...refused.map((one) => refuses(one, words, secretName)),
    ...failing.map((one) => fails(one, words)),
    ...quota.map((one) => usedUp(one, words)),
    meanwhile(standings, words),
  ].join(' ');
  if (refused.length > 0) return { kind: 'refused', text };
  if (failing.length > 0) return { kind: 'failing', text };
  if (quota.length > 0) return { kind: 'quota', text };
  const many = `${words.one.toLowerCase()}s`;
  if (!standings.some(({ isReported }) => isReported)) {
    return {
      kind: 'unseen',
      text: `No pod has reported on the ${many} yet. If this lasts, no ${words.pods} pod is Ready: the Secret ${secretName} may be missing. kubectl voucher doctor checks it.`,
    };
  }
  return {
    kind: 'answer',
    text: `No ${words.one.toLowerCase()} refuses requests, fails or has used up its request quota: ${namesOf(standings)}.${refusedPods(standings)}`,
  };
};

const verdictOf = <R extends ConditionReason>(
  { kind, text }: Found,
  reasons: Readonly<Record<'refused' | 'failing' | 'quota', R>>,
) => {
  if (kind === 'answer') return yes('AllAnswer', text);
  return kind === 'unseen' ? unknown('NotYetObserved', text) : no(reasons[kind], text);
};

/**
 * | found                                     | status  | reason          |
 * |-------------------------------------------|---------|-----------------|
 * | one is described so that it can't be asked | False  | ProviderInvalid |
 * | refused                                   | False   | ProviderRefuses |
 * | failing                                   | False   | ProviderFailing |
 * | quota                                     | False   | QuotaUsedUp     |
 * | unseen                                    | Unknown | NotYetObserved  |
 * | answer                                    | True    | AllAnswer       |
 */
export const providersReachable = (input: ConditionInput): Verdict<'ProvidersReachable'> | undefined => {
  const found = reachable(input, PROVIDERS);
  if (found === undefined) return undefined;
  const faults = invalid(input.campaign.spec);
  if (faults !== '') {
    return no(
      'ProviderInvalid',
      `${faults} No provider is asked until spec.verification is corrected. Registration continues, and registrations wait for their check; none is rejected because of this.`,
    );
  }
  return verdictOf(found, { refused: 'ProviderRefuses', failing: 'ProviderFailing', quota: 'QuotaUsedUp' });
};

/** As providersReachable: ChannelRefuses, ChannelFailing, QuotaUsedUp, NotYetObserved, AllAnswer. */
export const channelsReachable = (input: ConditionInput): Verdict<'ChannelsReachable'> | undefined => {
  const found = reachable(input, CHANNELS);
  return found && verdictOf(found, { refused: 'ChannelRefuses', failing: 'ChannelFailing', quota: 'QuotaUsedUp' });
};
