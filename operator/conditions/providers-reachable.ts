/** Whether the outside systems of a campaign take requests, by what pods report of their own requests. */

import { providerFaults } from '../../contract/provider-faults.ts';
import type { VoucherCampaignSpec } from '../../contract/types/campaign.ts';
import { clockIn, knownZone } from '../../runtime/zone-dates.ts';
import type { Standing } from '../outside/hand-out.ts';
import { outsideRate } from '../outside/outlook.ts';
import { outsideTiersOf } from '../outside/targets.ts';
import { type ConditionInput, no, unknown, type Verdict, yes } from './verdict.ts';

type Reachable = Verdict<'ProvidersReachable'>;

const namesOf = (standings: readonly Standing[]): string => standings.map(({ name }) => name).join(', ');

/** What goes on while some can't be asked. */
const meanwhile = (standings: readonly Standing[]): string => {
  const rate = outsideRate(standings);
  if (rate === 0)
    return 'No identity is checked meanwhile. Registration continues, and registrations wait for their check; none is rejected because of this.';
  const asked = standings.filter(({ state }) => state === 'asked');
  return `Meanwhile identities are checked at ${rate}/s by ${namesOf(asked)}.`;
};

const refuses = ({ name }: Standing, secretName: string): string =>
  `Provider ${name} refuses every request, because of a key, the signature or the account. Compare ${name}.secret-id and ${name}.secret-key in the Secret ${secretName} with the provider's console (a key may be missing in the Secret), and check the account there. One pod retries after 10 to 60 s; when the provider answers, all pods ask again.`;

const fails = ({ name }: Standing): string =>
  `Provider ${name} does not answer, or answers with errors. Check whether it reports an outage, and whether verification pods can reach its address. One pod retries after 1 to 30 s; when the provider answers, all pods ask again.`;

const usedUp = ({ name, requestsPerDay, leftToday, timeZone, resumesAtMs }: Standing): string => {
  const by = leftToday === 0 ? `requestsPerDay is ${requestsPerDay}` : 'the provider says so';
  const zone = knownZone(timeZone);
  const again = resumesAtMs === undefined ? '' : ` It is asked again at ${clockIn(zone, resumesAtMs)} ${zone}.`;
  return `Provider ${name} takes no more requests today: ${by}.${again} Agree on a larger quota with the provider, then raise requestsPerDay.`;
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

/**
 * Rows are tried from the top. A provider is stopped by what pods report (operator/outside/stops.ts).
 *
 * | providers                                          | status  | reason          |
 * |----------------------------------------------------|---------|-----------------|
 * | the campaign checks no identities                  | absent  |                 |
 * | one is described so that it can't be asked         | False   | ProviderInvalid |
 * | one refuses every request of the campaign          | False   | ProviderRefuses |
 * | one fails at two pods, or at the only one          | False   | ProviderFailing |
 * | one has no requests left today                     | False   | QuotaUsedUp     |
 * | no pod has reported on one yet, or the shares in force are not known | Unknown | NotYetObserved |
 * | otherwise                                          | True    | AllAnswer       |
 */
export const providersReachable = ({ campaign, handOuts = {} }: ConditionInput): Reachable | undefined => {
  const tiers = outsideTiersOf(campaign.spec);
  if (tiers.length === 0) return undefined;
  const faults = invalid(campaign.spec);
  if (faults !== '') {
    return no(
      'ProviderInvalid',
      `${faults} No provider is asked until spec.verification is corrected. Registration continues, and registrations wait for their check; none is rejected because of this.`,
    );
  }
  const standings = tiers.flatMap((tier) => handOuts[tier]?.standings ?? []);
  const secretName = campaign.spec.verification?.secretName ?? '';
  const of = (state: Standing['state']): readonly Standing[] => standings.filter((one) => one.state === state);
  const [refused, failing, quota] = [of('refused'), of('failing'), of('quota')];
  const sentences = [
    ...refused.map((one) => refuses(one, secretName)),
    ...failing.map(fails),
    ...quota.map(usedUp),
    meanwhile(standings),
  ].join(' ');
  if (refused.length > 0) return no('ProviderRefuses', sentences);
  if (failing.length > 0) return no('ProviderFailing', sentences);
  if (quota.length > 0) return no('QuotaUsedUp', sentences);
  if (!standings.some(({ isReported }) => isReported)) {
    return unknown(
      'NotYetObserved',
      `No pod has reported on the providers yet. If this lasts, no verification pod is Ready: the Secret ${secretName} may be missing. kubectl voucher doctor checks it.`,
    );
  }
  return yes(
    'AllAnswer',
    `No provider refuses requests, fails or has used up its request quota: ${namesOf(standings)}.${refusedPods(standings)}`,
  );
};
