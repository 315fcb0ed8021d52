/** Whether identities can be verified, and in time: keys, addresses, time zones, pace. Pure. */
import { serviceNamespaceOf } from '../../contract/cluster-host.ts';
import { instantMs } from '../../contract/instant.ts';
import { USED_OF_RATE } from '../../contract/outside/outside.ts';
import { providerFaults } from '../../contract/outside/provider-faults.ts';
import type { ProviderSpec } from '../../contract/types/verification.ts';
import { outsideRate } from '../../operator/outside/outlook.ts';
import { targetsOf } from '../../operator/outside/targets.ts';
import { knownZone } from '../../runtime/zone-dates.ts';
import { count, span } from '../words.ts';
import type { CampaignFacts } from './doctor-facts.ts';
import { type Finding, fail, ok, warn } from './finding.ts';
import { secretKeys } from './secret-keys.ts';

const CHECK = 'verification';
const SECONDS_PER_DAY = 86_400;

const keysOf = ({ name, type, http }: ProviderSpec): readonly string[] => {
  if (type === 'TencentIdCard') return [`${name}.secret-id`, `${name}.secret-key`];
  return http?.signature === 'hmacSha256' ? [`${name}.secret-key`] : [];
};

const keys = ({ campaign, secrets }: CampaignFacts, providers: readonly ProviderSpec[]): readonly Finding[] =>
  secretKeys({
    check: CHECK,
    campaign,
    secret: secrets.providers,
    pods: 'verification',
    provenBy: 'ProvidersReachable',
    missing: (found) => providers.flatMap(keysOf).filter((key) => !found.includes(key)),
    option: (key) => `--from-literal=${key}=…`,
  });

const provider = (one: ProviderSpec, namespace: string): readonly Finding[] => {
  const { name, url, timeZone } = one;
  const address = url !== undefined && URL.canParse(url) ? new URL(url) : undefined;
  const isPlain = address?.protocol === 'http:' && serviceNamespaceOf(address.hostname, namespace) === undefined;
  return [
    ...providerFaults(one).map((fault) =>
      fail(CHECK, `provider ${name}: ${fault}`, 'correct it before the campaign opens: it is fixed afterwards'),
    ),
    ...(isPlain
      ? [
          warn(
            CHECK,
            `provider ${name}: names and identity numbers are sent to ${address.host} without encryption`,
            'write https://, or for a Service of the cluster its name that ends in .svc',
          ),
        ]
      : []),
    ...(knownZone(timeZone) === timeZone
      ? []
      : [
          warn(
            CHECK,
            `provider ${name}: time zone ${timeZone} is not known, so its quota day is that of ${knownZone(timeZone)}`,
            'write a name of the IANA time zone database, such as Asia/Shanghai',
          ),
        ]),
  ];
};

/**
 * How many will register is not stated; more register than win. So at least as many identities must be verified as there are vouchers.
 *
 * | that takes longer than from opening to verifyBy | WARN |
 */
const pace = ({ campaign: { spec } }: CampaignFacts): readonly Finding[] => {
  const targets = targetsOf(spec, 'verification');
  const rate = outsideRate(targets);
  const first = Math.min(...targets.map(({ order }) => order));
  const perDay = targets
    .filter(({ order }) => order === first)
    .reduce(
      (sum, { requestsPerSecond, requestsPerDay = Number.POSITIVE_INFINITY }) =>
        sum + Math.min(requestsPerDay, requestsPerSecond * USED_OF_RATE * SECONDS_PER_DAY),
      0,
    );
  if (perDay === 0) return [];
  const vouchers = spec.vouchers.reduce((sum, { quota }) => sum + quota, 0);
  const seconds = (vouchers / perDay) * SECONDS_PER_DAY;
  const said = `${count(vouchers)} identities, one for each voucher, take about ${span(seconds)} at ${count(rate)}/s`;
  const { verifyBy, unverified } = spec.draw;
  if (verifyBy === undefined) return [ok(CHECK, `${said}; the list is frozen when all are verified`)];
  const hasSeconds = (instantMs(verifyBy) - instantMs(spec.window.opensAt)) / 1_000;
  if (seconds <= hasSeconds) return [ok(CHECK, `${said}; verifyBy is ${span(hasSeconds)} after opening`)];
  const rest = unverified === 'enter' ? 'enter the draw without a check' : 'do not enter the draw';
  return [
    warn(
      CHECK,
      `${said}, but verifyBy is ${span(hasSeconds)} after opening: those that are not verified by then ${rest}`,
      'before the campaign opens, move spec.draw.verifyBy later; or agree on a higher rate or quota with a provider',
    ),
  ];
};

/** Nothing for a campaign without spec.verification. */
export const checkVerification = (facts: CampaignFacts): readonly Finding[] => {
  const { spec, metadata } = facts.campaign;
  const providers = spec.verification?.providers ?? [];
  if (providers.length === 0) return [];
  return [...keys(facts, providers), ...providers.flatMap((one) => provider(one, metadata.namespace)), ...pace(facts)];
};
