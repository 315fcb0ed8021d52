/**
 * The accounts, certificates and Secrets of the embedded data plane. Pure but for random bytes and new keys.
 *
 * A group is made together or not at all: its parts carry the same password. Who makes them can't read them afterwards,
 * so a group of which only a part exists can't be completed by anyone but a person.
 */
import { z } from 'zod';
import { DATA_PLANE_KEYS, PRIVACY_KEYS } from '../api/app-contract.ts';
import { type Certified, expiresAt, newServerCertificate } from './certificates.ts';
import { accountName, accountPassword, passwordText, type Random, ROOT_KEYS, type Root } from './root.ts';

const dnsLabel = z.string().regex(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/, 'must be a DNS label');

/** What the chart asks for, as JSON in VOUCHER_SETUP. */
export const setupRequest = z.strictObject({
  release: dnsLabel,
  namespace: dnsLabel,
  natsUrls: z.string().min(1),
  /** DNS names that the servers' certificates are for. */
  natsNames: z.array(z.string().min(1)).min(1),
  postgresNames: z.array(z.string().min(1)).min(1),
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
  readonly type: 'Opaque' | 'kubernetes.io/tls';
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly annotations: Readonly<Record<string, string>>;
  };
  readonly stringData: Readonly<Record<string, string>>;
}

export type SecretGroup = readonly SecretManifest[];

const newKey = (random: Random): string => random(32).toString('base64');
const newPassword = (random: Random): string => passwordText(random(24));

/** When a certificate in the Secret ends, ISO 8601. */
export const EXPIRES_AT = 'voucher-operator.io/expires-at';

/** @param certificate the one in the Secret that ends first */
const secret = (
  namespace: string,
  name: string,
  stringData: Readonly<Record<string, string>>,
  certificate?: string,
  type: SecretManifest['type'] = 'Opaque',
): SecretManifest => ({
  apiVersion: 'v1',
  kind: 'Secret',
  type,
  metadata: {
    name,
    namespace,
    labels: { 'app.kubernetes.io/part-of': 'voucher-operator' },
    annotations: certificate === undefined ? {} : { [EXPIRES_AT]: expiresAt(certificate) },
  },
  stringData,
});

export const rootSecret = ({ release, namespace }: SetupRequest, { accountsKey, authority }: Root): SecretManifest =>
  secret(
    namespace,
    `${release}-data-plane-root`,
    {
      [ROOT_KEYS.accounts]: accountsKey,
      [ROOT_KEYS.certificate]: authority.certificate,
      [ROOT_KEYS.key]: authority.key,
    },
    authority.certificate,
  );

const serverSecret = (namespace: string, name: string, authority: Certified, server: Certified): SecretManifest =>
  secret(
    namespace,
    name,
    { 'tls.crt': server.certificate, 'tls.key': server.key, 'ca.crt': authority.certificate },
    server.certificate,
    'kubernetes.io/tls',
  );

export const secretGroupsOf = (
  request: SetupRequest,
  { accountsKey, authority }: Root,
  random: Random,
  nowMs: number,
): readonly SecretGroup[] => {
  const { release, namespace, natsUrls, postgresHost, campaigns } = request;
  const server = (names: readonly string[]): Certified => newServerCertificate(authority, names, { random, nowMs });
  return [
    [secret(namespace, `${release}-nats-route`, { password: newPassword(random) })],
    [secret(namespace, `${release}-postgres-admin`, { password: newPassword(random) })],
    [serverSecret(namespace, `${release}-nats-tls`, authority, server(request.natsNames))],
    [serverSecret(namespace, `${release}-postgres-tls`, authority, server(request.postgresNames))],
    [
      secret(
        namespace,
        `${release}-journal`,
        {
          [DATA_PLANE_KEYS.natsUrl]: natsUrls,
          [DATA_PLANE_KEYS.natsUser]: 'operator',
          [DATA_PLANE_KEYS.natsPassword]: newPassword(random),
          [DATA_PLANE_KEYS.natsCa]: authority.certificate,
        },
        authority.certificate,
      ),
    ],
    ...campaigns.flatMap((campaign): SecretGroup[] => {
      const account = accountName(campaign.campaignId);
      const natsPassword = accountPassword(accountsKey, 'nats', campaign.campaignId);
      const postgresPassword = accountPassword(accountsKey, 'postgres', campaign.campaignId);
      return [
        [
          secret(namespace, `${release}-account-${campaign.campaignId}`, {
            account,
            [DATA_PLANE_KEYS.natsPassword]: natsPassword,
            'postgres-password': postgresPassword,
          }),
          secret(
            campaign.namespace,
            campaign.dataPlaneSecretName,
            {
              [DATA_PLANE_KEYS.natsUrl]: natsUrls,
              [DATA_PLANE_KEYS.natsUser]: account,
              [DATA_PLANE_KEYS.natsPassword]: natsPassword,
              [DATA_PLANE_KEYS.natsCa]: authority.certificate,
              [DATA_PLANE_KEYS.postgresUrl]: `postgres://${account}:${postgresPassword}@${postgresHost}:5432/${account}`,
              [DATA_PLANE_KEYS.postgresCa]: authority.certificate,
            },
            authority.certificate,
          ),
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
