/**
 * On which of the campaigns that it sees this installation acts, and where people read why it does not act on others.
 *
 * | namespace                         | then                                | reported in                                 |
 * |-----------------------------------|-------------------------------------|---------------------------------------------|
 * | can't be listed                   | nothing is decided there            | log, metric, the election's Lease, an event where there are campaigns |
 * | claimed by another installation   | nothing is decided there            | the same                                    |
 * | holder unknown for 10 s           | nothing is decided there            | the same                                    |
 * | that claim is no longer renewed   | claimed, and served                 | log, an event                               |
 * | no permission for claims          | served, as if there were no other   | log, metric, the election's Lease           |
 */

import { CLAIM_LEASE, NOT_SERVED } from '../contract/names.ts';
import type { VoucherCampaign } from '../contract/types/campaign.ts';
import type { Clock } from '../runtime/clock.ts';
import { within } from '../runtime/deadline.ts';
import type { KubeCluster } from './kube/cluster.ts';
import { isKubeError } from './kube/errors.ts';
import type { LeftOut, Service } from './kube/served.ts';
import type { ClaimState, Claims } from './leadership/claims.ts';
import type { Logger } from './observability/log.ts';
import { campaignEvent } from './tick/events.ts';
import type { EventSink } from './tick/ports.ts';

interface ServingOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly cluster: () => Pick<KubeCluster, 'served' | 'living'> | undefined;
  /** Undefined while this process does not lead, or where there can be no other. */
  readonly claims: () => Pick<Claims, 'of' | 'others' | 'unknown'> | undefined;
  readonly installation: string;
  readonly events: () => EventSink | undefined;
  /** Its namespace has another holder: a tick is due now. */
  readonly kick: (campaign: VoucherCampaign) => void;
}

interface NotServed {
  readonly reason: 'refused' | 'another' | 'unclaimed' | 'unknown';
  /** For people, a sentence each. */
  readonly said: string;
  readonly remedy: string;
}

const LEFT_OUT_LOOK_MS = 10_000;
const UNKNOWN_LOOK_MS = 1_000;
const CLAIM_WAIT_MS = 1_000;
/** A conflict, or an election of the API server's own, passes sooner. */
const UNKNOWN_REPORTED_AFTER_MS = 10_000;
/** Kubernetes keeps an event for an hour. */
const REPORT_EVERY_MS = 20 * 60_000;
/** An annotation is for people, and a Lease is written every 1.5 s. */
const MOST_REPORTED = 50;

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

export const createServing = (options: ServingOptions) => {
  const { clock, log, installation } = options;
  const unclaimed = new Map<string, NotServed>();
  /** Namespaces whose unknown claim is in the log. */
  const warned = new Set<string>();
  /** By uid: when a campaign last got the event that it is not served. */
  const reportedMs = new Map<string, number>();

  const campaignsOf = (namespace: string | undefined): readonly VoucherCampaign[] =>
    [...(options.cluster()?.living.campaigns() ?? [])].filter(
      ({ metadata }) => namespace === undefined || metadata.namespace === namespace,
    );

  /**
   * | what can't be listed | why      | remedy                          |
   * |----------------------|----------|---------------------------------|
   * | all namespaces       | refused  | the ClusterRole and its binding |
   * | one                  | refused  | the namespace, or its Role      |
   * | either               | another error | the API server             |
   */
  const leftOut = (namespace: string, { resource, error, isEverywhere }: LeftOut): NotServed => ({
    reason: 'refused',
    said: isEverywhere
      ? `No namespace is served: ${resource} of the cluster can't be listed (${textOf(error)}).`
      : `Namespace ${namespace} is not served: its ${resource} can't be listed (${textOf(error)}).`,
    remedy: !isKubeError(error, 'forbidden')
      ? `Check the API server: lists and watches of ${resource} fail there.`
      : isEverywhere
        ? 'Run helm upgrade to restore the operator’s ClusterRole and its binding.'
        : 'Create the namespace and run helm upgrade, which gives the operator its permissions there; or remove the namespace from operator.watchNamespaces.',
  });

  const leftToAnother = (namespace: string, holder: string): NotServed => ({
    reason: 'another',
    said: `Installation ${holder} serves namespace ${namespace}, so installation ${installation} does not act on its campaigns.`,
    remedy: 'Uninstall one of the two, or give each its own operator.watchNamespaces.',
  });

  const unclaimedFor = (namespace: string, error: unknown): NotServed => ({
    reason: 'unclaimed',
    said: `Namespace ${namespace} is served without a claim (${textOf(error)}): a second installation would act at the same time.`,
    remedy: 'Run helm upgrade, which gives the operator permission to read and write Leases there.',
  });

  const claimUnknown = (namespace: string, error: unknown): NotServed => ({
    reason: 'unknown',
    said: `Nothing is decided in namespace ${namespace}: its claim, the Lease ${CLAIM_LEASE}, can't be read or written (${textOf(error)}).`,
    remedy:
      'Make the API server accept Leases of the operator there: check its webhooks and policies for leases, then its load.',
  });

  /** Undefined: it is known, or has been unknown for a short time only. */
  const unknownFor = (namespace: string): NotServed | undefined => {
    const found = options.claims()?.unknown().get(namespace);
    if (found === undefined || clock.monotonicMs() - found.sinceMs < UNKNOWN_REPORTED_AFTER_MS) return undefined;
    return claimUnknown(namespace, found.error);
  };

  const report = (
    campaign: VoucherCampaign,
    reason: 'NamespaceLeftOut' | 'ServedByAnother' | 'ClaimUnknown',
    { said, remedy }: NotServed,
  ): void => {
    const uid = campaign.metadata.uid ?? campaign.metadata.name;
    const lastMs = reportedMs.get(uid);
    if (lastMs !== undefined && clock.monotonicMs() - lastMs < REPORT_EVERY_MS) return;
    reportedMs.set(uid, clock.monotonicMs());
    options.events()?.emit(campaign, campaignEvent('Warning', reason, `${said} ${remedy}`));
  };

  const noteUnknown = (campaign: VoucherCampaign): void => {
    const { namespace } = campaign.metadata;
    const unknown = unknownFor(namespace);
    if (unknown === undefined) return;
    if (!warned.has(namespace)) log.warn({ namespace, said: unknown.said }, 'the holder of a namespace is unknown');
    warned.add(namespace);
    report(campaign, 'ClaimUnknown', unknown);
  };

  const notServed = (): ReadonlyMap<string, NotServed> => {
    const claims = options.claims();
    // Claims belong to one term: an old list is out of date.
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

  const kickAll = (namespace: string | undefined): void => {
    for (const campaign of campaignsOf(namespace)) {
      reportedMs.delete(campaign.metadata.uid ?? campaign.metadata.name);
      options.kick(campaign);
    }
  };

  return {
    notServed,
    namespaces: (): ReadonlySet<string> =>
      new Set(
        campaignsOf(undefined)
          .map(({ metadata }) => metadata.namespace)
          .filter((namespace) => options.cluster()?.served.of(namespace).kind === 'served'),
      ),
    /** For the election's Lease. */
    annotations(): Readonly<Record<string, string>> {
      const all = [...notServed()]
        .slice(0, MOST_REPORTED)
        .map(([namespace, { said, remedy }]) => [namespace, { said, remedy }]);
      return all.length === 0 ? {} : { [NOT_SERVED]: JSON.stringify(Object.fromEntries(all)) };
    },
    /** Undefined: act. Else the delay to the next check; a change causes an earlier kick. */
    async leaveForMs(campaign: VoucherCampaign, signal: AbortSignal): Promise<number | undefined> {
      const { namespace } = campaign.metadata;
      const service = options.cluster()?.served.of(namespace);
      if (service?.kind === 'left_out') {
        report(campaign, 'NamespaceLeftOut', leftOut(namespace, service));
        return LEFT_OUT_LOOK_MS;
      }
      if (service?.kind !== 'served') return LEFT_OUT_LOOK_MS;
      const claims = options.claims();
      // A claim that hangs must not delay the ticks of other namespaces.
      const claim =
        claims &&
        (await within(clock, CLAIM_WAIT_MS, signal, (inner) => claims.of(namespace, inner)).catch(() => undefined));
      if (claims !== undefined && (claim === undefined || claim.kind === 'unknown')) {
        noteUnknown(campaign);
        return UNKNOWN_LOOK_MS;
      }
      if (claim?.kind !== 'another') return undefined;
      report(campaign, 'ServedByAnother', leftToAnother(namespace, claim.holder));
      return LEFT_OUT_LOOK_MS;
    },
    onService(namespace: string | undefined, service: Service): void {
      if (service.kind === 'served') log.info({ namespace: namespace ?? 'all' }, 'all objects are listed; serving');
      else if (service.kind === 'left_out') {
        const { resource, error } = service;
        log.warn({ namespace: namespace ?? 'all', resource, error }, 'a namespace can not be listed; it is not served');
      }
      kickAll(namespace);
    },
    onClaim(namespace: string, state: ClaimState): void {
      unclaimed.delete(namespace);
      warned.delete(namespace);
      switch (state.kind) {
        case 'another':
          log.warn({ namespace, holder: state.holder }, 'another installation serves this namespace');
          break;
        case 'unclaimed':
          log.warn(
            { namespace, error: state.error },
            'a namespace has no claim: a second installation would act at the same time',
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
          log.debug({ namespace, error: state.error }, 'the holder of a namespace is unknown');
      }
      kickAll(namespace);
    },
  };
};
export type Serving = ReturnType<typeof createServing>;
