/**
 * The accounts and Secrets of the embedded data plane. Pure but for the random bytes that are handed in.
 *
 * A group is made together or not at all: its parts carry the same password. Who makes them can't read them afterwards,
 * so a group of which only a part exists can't be completed by anyone but a person.
 */
import { z } from 'zod';
import { DATA_PLANE_KEYS, PRIVACY_KEYS } from '../api/app-contract.ts';

const dnsLabel = z.string().regex(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/, 'must be a DNS label');

/** What the chart asks for, as JSON in VOUCHER_SETUP. */
export const setupRequest = z.strictObject({
  release: dnsLabel,
  namespace: dnsLabel,
  natsUrls: z.string().min(1),
  postgresHost: z.string().min(1),
  campaigns: z.array(
    z.strictObject({
      campaignId: dnsLabel,
      namespace: dnsLabel,
      dataPlaneSecretName: z.string().min(1),
      privacySecretName: z.string().min(1),
    }),
  ),
});
export type SetupRequest = z.infer<typeof setupRequest>;

export interface SecretManifest {
  readonly apiVersion: 'v1';
  readonly kind: 'Secret';
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly labels: Readonly<Record<string, string>>;
  };
  readonly stringData: Readonly<Record<string, string>>;
}

export type SecretGroup = readonly SecretManifest[];

export type Random = (bytes: number) => Buffer;

/** Hex behind a letter: never a number to a configuration parser, nothing to escape in a URL. */
const newPassword = (random: Random): string => `v${random(24).toString('hex')}`;
const newKey = (random: Random): string => random(32).toString('base64');

/** NATS user, database and database role of a campaign. */
export const accountName = (campaignId: string): string => `campaign-${campaignId}`;

const secret = (namespace: string, name: string, stringData: Readonly<Record<string, string>>): SecretManifest => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name, namespace, labels: { 'app.kubernetes.io/part-of': 'voucher-operator' } },
  stringData,
});

export const secretGroupsOf = (request: SetupRequest, random: Random): readonly SecretGroup[] => {
  const { release, namespace, natsUrls, postgresHost, campaigns } = request;
  return [
    [secret(namespace, `${release}-nats-route`, { password: newPassword(random) })],
    [secret(namespace, `${release}-postgres-admin`, { password: newPassword(random) })],
    [
      secret(namespace, `${release}-journal`, {
        [DATA_PLANE_KEYS.natsUrl]: natsUrls,
        [DATA_PLANE_KEYS.natsUser]: 'operator',
        [DATA_PLANE_KEYS.natsPassword]: newPassword(random),
      }),
    ],
    ...campaigns.flatMap((campaign): SecretGroup[] => {
      const account = accountName(campaign.campaignId);
      const [natsPassword, postgresPassword] = [newPassword(random), newPassword(random)];
      return [
        [
          secret(namespace, `${release}-account-${campaign.campaignId}`, {
            account,
            [DATA_PLANE_KEYS.natsPassword]: natsPassword,
            'postgres-password': postgresPassword,
          }),
          secret(campaign.namespace, campaign.dataPlaneSecretName, {
            [DATA_PLANE_KEYS.natsUrl]: natsUrls,
            [DATA_PLANE_KEYS.natsUser]: account,
            [DATA_PLANE_KEYS.natsPassword]: natsPassword,
            [DATA_PLANE_KEYS.postgresUrl]: `postgres://${account}:${postgresPassword}@${postgresHost}:5432/${account}`,
          }),
        ],
        [
          secret(campaign.namespace, campaign.privacySecretName, {
            [PRIVACY_KEYS.citizen]: newKey(random),
            [PRIVACY_KEYS.canary]: newKey(random),
            'wrap-1.key': newKey(random),
          }),
        ],
      ];
    }),
  ];
};

/** What to do about a group, from which of its parts exist. */
export const decideGroup = (
  group: SecretGroup,
  exists: readonly boolean[],
): { readonly kind: 'create' } | { readonly kind: 'keep' } | { readonly kind: 'torn'; readonly message: string } => {
  if (exists.every((one) => !one)) return { kind: 'create' };
  if (exists.every((one) => one)) return { kind: 'keep' };
  const named = (wanted: boolean): string =>
    group
      .filter((_, index) => exists[index] === wanted)
      .map(({ metadata }) => `${metadata.namespace}/${metadata.name}`)
      .join(', ');
  return {
    kind: 'torn',
    message: `Secret ${named(true)} exists and ${named(false)} does not, and they must carry one password: delete ${named(true)} and run this again, or restore ${named(false)}`,
  };
};
