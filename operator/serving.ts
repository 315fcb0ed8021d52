/**
 * Which of the campaigns that are seen this installation acts on, and where people read why it leaves others alone.
 *
 * | namespace                         | then                                | said in                                     |
 * |-----------------------------------|-------------------------------------|---------------------------------------------|
 * | can't be listed                   | nothing is decided there            | log, metric, the election's Lease, an event where there are campaigns |
 * | claimed by another installation   | nothing is decided there            | the same                                    |
 * | whose it is can't be told for 10 s | nothing is decided there           | the same                                    |
 * | that claim is no longer renewed   | claimed, and served                 | log, an event                               |
 * | claims can't be read or written   | served, as if there were no other   | log, metric, the election's Lease           |
 */
import type { VoucherCampaign } from '../contract/campaign-types.ts';
import { CLAIM_LEASE, NOT_SERVED } from '../contract/names.ts';
import type { Clock } from '../runtime/clock.ts';
import { within } from '../runtime/deadline.ts';
import type { KubeCluster } from './kube/cluster.ts';
import { isKubeError } from './kube/errors.ts';
import type { LeftOut, Service } from './kube/served.ts';
import type { ClaimState, Claims } from './leadership/claims.ts';
import type { Logger } from './observability/log.ts';
import { campaignEvent } from './tick/events.ts';
import type { EventSink } from './tick/ports.ts';

export interface ServingOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly cluster: () => Pick<KubeCluster, 'served' | 'living'> | undefined;
  /** Undefined while this process does not lead, or where no other can be. */
  readonly claims: () => Pick<Claims, 'of' | 'others' | 'unknown'> | undefined;
  /** `voucher-system/voucher`. */
  readonly installation: string;
  readonly events: () => EventSink | undefined;
  /** Its namespace changed hands: look at it now. */
  readonly kick: (campaign: VoucherCampaign) => void;
}

/** Of a namespace that is watched and not served as it should be. */
export interface NotServed {
  readonly reason: 'refused' | 'another' | 'unclaimed' | 'unknown';
  /** For people, a sentence each. */
  readonly said: string;
  readonly remedy: string;
}

export interface Serving {
  /** Undefined: act. Else when to look again; what changes earlier kicks. */
  leaveForMs(campaign: VoucherCampaign, signal: AbortSignal): Promise<number | undefined>;
  onService(namespace: string | undefined, service: Service): void;
  onClaim(namespace: string, state: ClaimState): void;
  /** Those whose campaigns this installation would act on, once they are claimed. */
  namespaces(): ReadonlySet<string>;
  /** By namespace. */
  notServed(): ReadonlyMap<string, NotServed>;
  /** For the election's Lease. */
  annotations(): Readonly<Record<string, string>>;
}

const LEFT_OUT_LOOK_MS = 10_000;
const UNKNOWN_LOOK_MS = 1_000;
const CLAIM_WAIT_MS = 1_000;
/** A conflict, an election of the API server's own: a moment is no news. */
const UNKNOWN_TOLD_AFTER_MS = 10_000;
/** Kubernetes keeps an event for an hour. */
const TELL_EVERY_MS = 20 * 60_000;
/** An annotation is for people, and a Lease is written every 1.5 s. */
const MOST_TOLD = 50;

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

export const createServing = (options: ServingOptions): Serving => {
  const { clock, log, installation } = options;
  const unclaimed = new Map<string, NotServed>();
  /** Of whose unknown claim the log was told. */
  const warned = new Set<string>();
  /** By uid: when a campaign was last told that it is left alone. */
  const toldMs = new Map<string, number>();

  const campaignsOf = (namespace: string | undefined): readonly VoucherCampaign[] =>
    [...(options.cluster()?.living.campaigns() ?? [])].filter(
      ({ metadata }) => namespace === undefined || metadata.namespace === namespace,
    );

  /**
   * | what can't be listed | why      | remedy                          |
   * |----------------------|----------|---------------------------------|
   * | all namespaces       | refused  | the ClusterRole and its binding |
   * | one                  | refused  | the namespace, or its Role      |
   * | either               | no sense | the API server                  |
   */
  const leftOut = (namespace: string, { resource, error, isEverywhere }: LeftOut): NotServed => ({
    reason: 'refused',
    said: isEverywhere
      ? `No namespace is served: ${resource} of the cluster can't be listed (${textOf(error)}).`
      : `Namespace ${namespace} is left out: its ${resource} can't be listed (${textOf(error)}).`,
    remedy: !isKubeError(error, 'forbidden')
      ? `Look at the API server: it answers neither lists nor watches of ${resource} there.`
      : isEverywhere
        ? 'Run helm upgrade, so that the operator gets its ClusterRole and the binding of it back.'
        : 'Create the namespace and run helm upgrade, so that the operator gets its rights there, or take it out of operator.watchNamespaces.',
  });

  const leftToAnother = (namespace: string, holder: string): NotServed => ({
    reason: 'another',
    said: `Installation ${holder} serves namespace ${namespace}, so installation ${installation} leaves its campaigns alone.`,
    remedy: 'Uninstall one of the two, or give each its own operator.watchNamespaces.',
  });

  const unclaimedFor = (namespace: string, error: unknown): NotServed => ({
    reason: 'unclaimed',
    said: `Namespace ${namespace} is served without a claim (${textOf(error)}): a second installation would act beside this one.`,
    remedy: 'Run helm upgrade, so that the operator may read and write Leases there.',
  });

  const claimUnknown = (namespace: string, error: unknown): NotServed => ({
    reason: 'unknown',
    said: `Nothing is decided in namespace ${namespace}: its claim, the Lease ${CLAIM_LEASE}, can't be read and written (${textOf(error)}).`,
    remedy:
      'Have the API server take Leases of the operator there: look at its webhooks and policies for leases, then at its load.',
  });

  /** Undefined: it is known, or has not been unknown for long. */
  const unknownFor = (namespace: string): NotServed | undefined => {
    const found = options.claims()?.unknown().get(namespace);
    if (found === undefined || clock.monotonicMs() - found.sinceMs < UNKNOWN_TOLD_AFTER_MS) return undefined;
    return claimUnknown(namespace, found.error);
  };

  const tell = (
    campaign: VoucherCampaign,
    reason: 'NamespaceLeftOut' | 'ServedByAnother' | 'ClaimUnknown',
    { said, remedy }: NotServed,
  ): void => {
    const uid = campaign.metadata.uid ?? campaign.metadata.name;
    const lastMs = toldMs.get(uid);
    if (lastMs !== undefined && clock.monotonicMs() - lastMs < TELL_EVERY_MS) return;
    toldMs.set(uid, clock.monotonicMs());
    options.events()?.emit(campaign, campaignEvent('Warning', reason, `${said} ${remedy}`));
  };

  const noteUnknown = (campaign: VoucherCampaign): void => {
    const { namespace } = campaign.metadata;
    const unknown = unknownFor(namespace);
    if (unknown === undefined) return;
    if (!warned.has(namespace)) log.warn({ namespace, said: unknown.said }, 'whose namespace it is can not be told');
    warned.add(namespace);
    tell(campaign, 'ClaimUnknown', unknown);
  };

  const notServed: Serving['notServed'] = () => {
    const claims = options.claims();
    // Claims are of one term: who leads now says what they are.
    const found = new Map(claims === undefined ? [] : unclaimed);
    for (const [namespace, holder] of claims?.others() ?? []) found.set(namespace, leftToAnother(namespace, holder));
    for (const namespace of claims?.unknown().keys() ?? []) {
      const unknown = unknownFor(namespace);
      if (unknown !== undefined) found.set(namespace, unknown);
    }
    for (const [namespace, service] of options.cluster()?.served.leftOut() ?? []) {
      found.set(namespace, leftOut(namespace, service));
    }
    return found;
  };

  return {
    notServed,
    namespaces: () =>
      new Set(
        campaignsOf(undefined)
          .map(({ metadata }) => metadata.namespace)
          .filter((namespace) => options.cluster()?.served.of(namespace).kind === 'served'),
      ),
    annotations() {
      const all = [...notServed()]
        .slice(0, MOST_TOLD)
        .map(([namespace, { said, remedy }]) => [namespace, { said, remedy }]);
      return all.length === 0 ? {} : { [NOT_SERVED]: JSON.stringify(Object.fromEntries(all)) };
    },
    async leaveForMs(campaign, signal) {
      const { namespace } = campaign.metadata;
      const service = options.cluster()?.served.of(namespace);
      if (service?.kind === 'left_out') {
        tell(campaign, 'NamespaceLeftOut', leftOut(namespace, service));
        return LEFT_OUT_LOOK_MS;
      }
      if (service?.kind !== 'served') return LEFT_OUT_LOOK_MS;
      const claims = options.claims();
      // A claim that hangs must not hold the ticks of other namespaces up.
      const claim =
        claims &&
        (await within(clock, CLAIM_WAIT_MS, signal, (inner) => claims.of(namespace, inner)).catch(() => undefined));
      if (claims !== undefined && (claim === undefined || claim.kind === 'unknown')) {
        noteUnknown(campaign);
        return UNKNOWN_LOOK_MS;
      }
      if (claim?.kind !== 'another') return undefined;
      tell(campaign, 'ServedByAnother', leftToAnother(namespace, claim.holder));
      return LEFT_OUT_LOOK_MS;
    },
    onService(namespace, service) {
      if (service.kind === 'served') log.info({ namespace: namespace ?? 'all' }, 'every object was seen once, serving');
      else if (service.kind === 'left_out') {
        const { resource, error } = service;
        log.warn({ namespace: namespace ?? 'all', resource, error }, 'a namespace can not be listed, it is left out');
      }
      for (const campaign of campaignsOf(namespace)) {
        toldMs.delete(campaign.metadata.uid ?? campaign.metadata.name);
        options.kick(campaign);
      }
    },
    onClaim(namespace, state) {
      unclaimed.delete(namespace);
      warned.delete(namespace);
      switch (state.kind) {
        case 'another':
          log.warn({ namespace, holder: state.holder }, 'another installation serves this namespace, it is left alone');
          break;
        case 'unclaimed':
          log.warn(
            { namespace, error: state.error },
            'the claim of a namespace can not be kept: a second installation would act beside this one',
          );
          unclaimed.set(namespace, unclaimedFor(namespace, state.error));
          break;
        case 'ours':
          if (state.from === undefined) break;
          log.info({ namespace, from: state.from }, 'the claim of another installation was taken over');
          for (const campaign of campaignsOf(namespace)) {
            const message = `Installation ${state.from} no longer renews its claim on namespace ${namespace}: installation ${installation} serves the campaign now.`;
            options.events()?.emit(campaign, campaignEvent('Normal', 'TakenOver', message));
          }
          break;
        case 'unknown':
          log.debug({ namespace, error: state.error }, 'whose namespace it is can not be told');
      }
      for (const campaign of campaignsOf(namespace)) {
        toldMs.delete(campaign.metadata.uid ?? campaign.metadata.name);
        options.kick(campaign);
      }
    },
  };
};
