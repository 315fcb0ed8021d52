/**
 * The accounts, certificates and Secrets of the embedded data plane. Pure except for random bytes and new keys.
 *
 * The parts of a group have the same password, derived from the root. Their creator can't read them afterwards:
 * decideGroup says when a missing part can be created without harm.
 */
import { z } from 'zod';
import { accountName, accountPassword, passwordText } from '../../contract/accounts.ts';
import { DATA_PLANE_KEYS, PRIVACY_KEYS } from '../../contract/app-contract.ts';
import { rightsOf, WORKLOADS, type Workload } from '../../contract/jobs.ts';
import { dataPlaneSecretName } from '../../contract/names.ts';
import { type Certified, expiresAt, newServerCertificate } from './certificates.ts';
import { type Random, ROOT_KEYS, type Root } from './root.ts';

const dnsLabel = z.string().regex(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/, 'must be a DNS label');

/** The chart's request, as JSON in VOUCHER_SETUP. */
export const setupRequest = z.strictObject({
  release: dnsLabel,
  namespace: dnsLabel,
  natsUrls: z.string().min(1),
  natsNames: z.array(z.string().min(1)).min(1),
  postgresNames: z.array(z.string().min(1)).min(1),
  postgresHost: z.string().min(1),
  /** Existing ones; left out: all of the cluster. Empty is none. */
  watchNamespaces: z.array(dnsLabel).optional(),
  /** Fixed for a campaign's life; left out: not checked. */
  shards: z.number().int().optional(),
  journalReplicas: z.number().int().optional(),
  /** As in the StatefulSets; `field` is the section of the values. */
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
      /** Its namespace does not exist: it gets its account now, and its Secrets when the namespace exists. */
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

type SecretGroup = readonly SecretManifest[];

const newKey = (random: Random): string => random(32).toString('base64');
const newPassword = (random: Random): string => passwordText(random(24));

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

/** Mounted by a workload's pods: its own accounts only. */
const dataPlaneSecret = (
  { natsUrls, postgresHost }: SetupRequest,
  { accountsKey, authority }: Root,
  { campaignId, namespace, dataPlaneSecretName: name }: SetupRequest['campaigns'][number],
  workload: Workload,
): SecretManifest => {
  const user = accountName(campaignId, workload);
  const password = (server: 'nats' | 'postgres'): string => accountPassword(accountsKey, server, campaignId, workload);
  return secret(
    namespace,
    dataPlaneSecretName(name, workload),
    {
      [DATA_PLANE_KEYS.natsUrl]: natsUrls,
      [DATA_PLANE_KEYS.natsUser]: user,
      [DATA_PLANE_KEYS.natsPassword]: password('nats'),
      [DATA_PLANE_KEYS.natsCa]: authority.certificate,
      ...(rightsOf(workload).database === 'none'
        ? {}
        : {
            [DATA_PLANE_KEYS.postgresUrl]: `postgres://${user}:${password('postgres')}@${postgresHost}:5432/${accountName(campaignId)}`,
            [DATA_PLANE_KEYS.postgresCa]: authority.certificate,
          }),
    },
    authority.certificate,
  );
};

const accountSecretName = (release: string, campaignId: string): string => `${release}-account-${campaignId}`;

export const secretGroupsOf = (
  request: SetupRequest,
  root: Root,
  random: Random,
  nowMs: number,
): readonly SecretGroup[] => {
  const { release, namespace, natsUrls, campaigns } = request;
  const { authority } = root;
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
      // Marks that this installation has created the campaign's accounts; their content is derived.
      const own = secret(namespace, accountSecretName(release, campaign.campaignId), {
        account: accountName(campaign.campaignId),
      });
      if (campaign.isLeftOut === true) return [[own]];
      return [
        [own, ...WORKLOADS.map((workload) => dataPlaneSecret(request, root, campaign, workload))],
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

type GroupDecision =
  | { readonly kind: 'keep' }
  | { readonly kind: 'create'; readonly missing: SecretGroup }
  | { readonly kind: 'refuse'; readonly message: string };

const nameOf = ({ metadata: { namespace, name } }: SecretManifest): string => `${namespace}/${name}`;

/**
 * What to do about a group, from which of its parts exist. The first part is the installation's own, the others (of a
 * campaign's workloads) are in the campaign's namespace, under names that another campaign may have taken.
 *
 * | own | campaign's | |
 * |-----|------------|-|
 * | –   | none       | create all |
 * | yes | all        | keep |
 * | yes | some, none | create the missing ones: their passwords are derived, and are the same again |
 * | –   | some, all  | refuse: another campaign may use them, and the set-up can't read them |
 */
export const decideGroup = (group: SecretGroup, exists: readonly boolean[]): GroupDecision => {
  const missing = group.filter((_, index) => exists[index] !== true);
  if (missing.length === 0) return { kind: 'keep' };
  const [own] = group;
  const taken = group.find((_, index) => index > 0 && exists[index] === true);
  if (own === undefined || taken === undefined || exists[0] === true) return { kind: 'create', missing };
  return {
    kind: 'refuse',
    message: `Secret ${nameOf(taken)} exists, and was not created for this campaign by this installation: there is no ${nameOf(own)}. Give the campaign another dataPlaneSecretName (and privacySecretName) in dataPlane.embedded.campaigns and in its VoucherCampaign. If the campaign had its account here before, restore ${nameOf(own)} from a backup`,
  };
};

/** An empty Secret under the name of a campaign's account: trying to create it shows whether there is one. */
export const accountProbe = ({ release, namespace }: SetupRequest, campaignId: string): SecretManifest =>
  secret(namespace, accountSecretName(release, campaignId), {});

/** Depends on the root: with another root it would be wrong. */
export const isDerived = ({ stringData }: SecretManifest): boolean =>
  'ca.crt' in stringData || DATA_PLANE_KEYS.natsCa in stringData || 'account' in stringData;

/** Derived Secrets whose root is gone. */
export const lostRootMessage = ({ release, namespace }: SetupRequest, made: readonly SecretManifest[]): string =>
  `Secret ${namespace}/${release}-data-plane-root is gone, and ${made.map(nameOf).join(', ')} were derived from it: restore it from a backup. A new root would change every password, and no campaign could connect`;
