/**
 * The accounts, certificates and Secrets of the embedded data plane. Pure but for random bytes and new keys.
 *
 * The parts of a group carry the same password, which is derived from the root. Who makes them can't read them
 * afterwards: decideGroup says when a part that is missing can be made without harm to what exists.
 */
import { z } from 'zod';
import { DATA_PLANE_KEYS, PRIVACY_KEYS } from '../../contract/app-contract.ts';
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
  /** Those that are there; left out: all of the cluster. Empty is none. */
  watchNamespaces: z.array(dnsLabel).optional(),
  /** Fixed for a campaign's life; left out: not judged. */
  shards: z.number().int().optional(),
  journalReplicas: z.number().int().optional(),
  /** As the StatefulSets ask for them; `field` is the section of the values. */
  volumes: z
    .array(
      z.strictObject({
        statefulSet: dnsLabel,
        field: z.string().min(1),
        storage: z.string().min(1),
        storageClassName: z.string(),
      }),
    )
    .default([]),
  campaigns: z.array(
    z.strictObject({
      campaignId: dnsLabel,
      namespace: dnsLabel,
      dataPlaneSecretName: z.string().min(1),
      privacySecretName: z.string().min(1),
      /** Its namespace does not exist: it gets its account, and its Secrets when the namespace is there. */
      isLeftOut: z.boolean().optional(),
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

const accountSecretName = (release: string, campaignId: string): string => `${release}-account-${campaignId}`;

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
      const own = secret(namespace, accountSecretName(release, campaign.campaignId), {
        account,
        [DATA_PLANE_KEYS.natsPassword]: natsPassword,
        'postgres-password': postgresPassword,
      });
      if (campaign.isLeftOut === true) return [[own]];
      return [
        [
          own,
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

export type GroupDecision =
  | { readonly kind: 'keep' }
  | { readonly kind: 'create'; readonly missing: SecretGroup }
  | { readonly kind: 'refuse'; readonly message: string };

const nameOf = ({ metadata: { namespace, name } }: SecretManifest): string => `${namespace}/${name}`;

/**
 * What to do about a group, from which of its parts exist. The first part is the installation's own, the second (of
 * a campaign's account) is in the campaign's namespace, under a name that another campaign may have taken.
 *
 * | own | campaign's | |
 * |-----|------------|-|
 * | –   | –          | create both |
 * | yes | yes        | keep |
 * | yes | –          | create the campaign's: its password is derived, and is the same again |
 * | –   | yes        | refuse: it may be what another campaign lives on, and nothing here may read it |
 */
export const decideGroup = (group: SecretGroup, exists: readonly boolean[]): GroupDecision => {
  const missing = group.filter((_, index) => exists[index] !== true);
  if (missing.length === 0) return { kind: 'keep' };
  const [own, others] = group;
  if (own === undefined || others === undefined || exists[0] === true || exists[1] !== true) {
    return { kind: 'create', missing };
  }
  return {
    kind: 'refuse',
    message: `Secret ${nameOf(others)} exists, and was not made for this campaign by this installation: there is no ${nameOf(own)}. Give the campaign another dataPlaneSecretName (and privacySecretName) in dataPlane.embedded.campaigns and in its VoucherCampaign. If the campaign had its account here before, restore ${nameOf(own)} from a backup`,
  };
};

/** An empty Secret under the name of a campaign's account: trying to create it tells whether there is one. */
export const accountProbe = ({ release, namespace }: SetupRequest, campaignId: string): SecretManifest =>
  secret(namespace, accountSecretName(release, campaignId), {});

/** Holds something that is made from the root: with another root it would not fit. */
export const isDerived = ({ stringData }: SecretManifest): boolean =>
  'ca.crt' in stringData || DATA_PLANE_KEYS.natsCa in stringData || 'postgres-password' in stringData;

/** Of the Secrets that are derived from the root, those that were made with one that is gone. */
export const lostRootMessage = ({ release, namespace }: SetupRequest, made: readonly SecretManifest[]): string =>
  `Secret ${namespace}/${release}-data-plane-root is gone, and ${made.map(nameOf).join(', ')} were made from it: restore it from a backup. A new one would change every password, and lock every campaign out`;
