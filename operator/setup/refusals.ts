/**
 * What an installation or upgrade must not do to running campaigns, checked before anything is changed. Pure.
 *
 * The chart's templates/_refusals.tpl checks the same when Helm renders with access to the cluster, so that no release is
 * begun. This one is for rendering without access (Argo CD), and for `helm rollback`, which renders nothing.
 *
 * | seen                                                                    | verdict |
 * |-------------------------------------------------------------------------|---------|
 * | a VoucherCampaign with an account from here, and values without it      | refused |
 * | a VoucherCampaign in one namespace, and its account requested in another| refused |
 * | another VoucherCampaign uses the requested Secret                       | refused |
 * | a StatefulSet with another size or class of volumes                     | refused |
 * | a VoucherCampaign that is served here was created with other shards     | refused |
 */
import { parseQuantity } from '../kube/pods/quantity.ts';
import type { SetupRequest } from './secrets.ts';

export interface LivingCampaign {
  readonly namespace: string;
  readonly name: string;
  readonly campaignId: string;
  readonly dataPlaneSecretName: string;
  readonly privacySecretName: string;
  /** What it was created with, by its ConfigMap; undefined: there is none yet. */
  readonly made?: { readonly shards: number; readonly journalReplicas: number } | undefined;
}

export interface StandingVolume {
  readonly statefulSet: string;
  readonly storage: string;
  /** Empty: the cluster's default. */
  readonly storageClassName: string;
}

export interface Standing {
  readonly campaigns: readonly LivingCampaign[];
  /** The `campaignId`s of those campaigns for which this installation has created an account. */
  readonly accounts: readonly string[];
  readonly volumes: readonly StandingVolume[];
}

const FIELD = 'dataPlane.embedded.campaigns';
const called = ({ namespace, name }: LivingCampaign): string => `VoucherCampaign ${namespace}/${name}`;

const unserved = ({ campaigns, release }: SetupRequest, { campaigns: living, accounts }: Standing): readonly string[] =>
  living
    .filter(({ campaignId }) => accounts.includes(campaignId))
    .filter(({ campaignId }) => !campaigns.some((asked) => asked.campaignId === campaignId))
    .map(
      (one) =>
        `${FIELD}: lacks ${one.campaignId}, and ${called(one)} uses that account: its registrations would be refused. Pass the values of the installation (-f values.yaml, or --reset-then-reuse-values), or keep its account in the list: helm get values shows what was installed. After a refused rollback Helm is left waiting: helm rollback to the deployed revision ends that (helm history ${release})`,
    );

const moved = ({ campaigns }: SetupRequest, { campaigns: living }: Standing): readonly string[] =>
  campaigns.flatMap(({ campaignId, namespace }) => {
    const own = living.filter((one) => one.campaignId === campaignId);
    const [elsewhere] = own;
    return elsewhere === undefined || own.some((one) => one.namespace === namespace)
      ? []
      : [
          `${FIELD}: says that ${campaignId} is in namespace ${namespace}, and ${called(elsewhere)} has that campaignId: write namespace ${elsewhere.namespace}, or give the new campaign another campaignId`,
        ];
  });

const shared = ({ campaigns }: SetupRequest, { campaigns: living }: Standing): readonly string[] =>
  campaigns.flatMap((asked) =>
    living
      .filter(({ namespace, campaignId }) => namespace === asked.namespace && campaignId !== asked.campaignId)
      .flatMap((other) =>
        (['dataPlaneSecretName', 'privacySecretName'] as const)
          .filter((field) => [other.dataPlaneSecretName, other.privacySecretName].includes(asked[field]))
          .map(
            (field) =>
              `${FIELD}: ${asked.campaignId} asks for Secret ${asked.namespace}/${asked[field]}, which ${called(other)} uses: give ${asked.campaignId} another ${field}, and name it in its VoucherCampaign`,
          ),
      ),
  );

const remade = (request: SetupRequest, { campaigns: living }: Standing): readonly string[] =>
  living
    .filter((one) =>
      request.campaigns.some(
        ({ campaignId, namespace }) => campaignId === one.campaignId && namespace === one.namespace,
      ),
    )
    .flatMap((one) =>
      (['shards', 'journalReplicas'] as const).flatMap((field) => {
        const was = one.made?.[field];
        const is = request[field];
        if (was === undefined || is === undefined || was === is) return [];
        return [
          `app.${field}: is ${is}, and ${called(one)} was made with ${was}, which is fixed for its life: write ${was}`,
        ];
      }),
    );

const isSameSize = (a: string, b: string): boolean => a === b || parseQuantity(a) === parseQuantity(b);

const resized = ({ volumes }: SetupRequest, standing: Standing): readonly string[] =>
  volumes.flatMap(({ statefulSet, field, storage, storageClassName }) => {
    const found = standing.volumes.find((one) => one.statefulSet === statefulSet);
    if (found === undefined) return [];
    return [
      ...(isSameSize(found.storage, storage)
        ? []
        : [
            `${field}.storage: is ${storage}, and the volumes of StatefulSet ${statefulSet} were made with ${found.storage}, which Kubernetes does not change: write ${found.storage}, or grow them as docs/operations.md says under "Larger volumes"`,
          ]),
      ...(found.storageClassName === storageClassName
        ? []
        : [
            `${field}.storageClassName: is "${storageClassName}", and the volumes of StatefulSet ${statefulSet} were made with "${found.storageClassName}", which Kubernetes does not change: write that`,
          ]),
    ];
  });

/** Sentences that each name the field and the remedy. Empty: no running campaign is harmed. */
export const refusalsOf = (request: SetupRequest, standing: Standing): readonly string[] =>
  [unserved, moved, shared, resized, remade].flatMap((rule) => rule(request, standing));
