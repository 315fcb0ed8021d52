/** The earlier campaigns whose winners a campaign excludes, and how far their lists are. Pure. */
import { hash } from 'node:crypto';
import type { LocalizedText } from '../../contract/app-contract.ts';
import {
  type ExcludedWinners,
  type ExclusionOrder,
  type FrozenExclusion,
  frozenExclusionOf,
} from '../../contract/decisions/exclusion.ts';
import { instantMs } from '../../contract/instant.ts';
import { earlierCampaignsOf } from '../../contract/jobs.ts';
import type { VoucherCampaign, VoucherCampaignStatus } from '../../contract/types/campaign.ts';
import type { Observed } from '../tick/observed.ts';

/** One earlier campaign. */
export interface Exclusion {
  /** Name of its object. */
  readonly name: string;
  /** Undefined: there is no such object, and this campaign has no list of it. */
  readonly of?: string | undefined;
  readonly earlier?: VoucherCampaign | undefined;
  readonly state:
    | { readonly kind: 'listed'; readonly winners: ExcludedWinners }
    | { readonly kind: 'unknown' | 'unreadable'; readonly message: string }
    | {
        readonly kind: 'notAsked' | 'notFound' | 'keysDestroyed' | 'waitingForResult' | 'waitingForIssuance' | 'making';
      };
}

type Seen = Pick<Observed, 'earlier' | 'excludedLists' | 'previous'>;

const conditionOf = ({ status }: VoucherCampaign, name: string) =>
  status?.conditions?.find(({ type }) => type === name);

/** Its personal data is due to be destroyed, and waits for the list. */
const isUrgent = (earlier: VoucherCampaign): boolean =>
  ['WaitingForExclusion', 'HeldByExclusion'].includes(conditionOf(earlier, 'PersonalDataDestroyed')?.reason ?? '');

const isIssued = (earlier: VoucherCampaign): boolean =>
  earlier.spec.issuance === undefined || conditionOf(earlier, 'Issued')?.status === 'True';

/**
 * Rows are tried from the top. A list is made once, so it is made as late as possible: who moves up later is in it, too.
 *
 * | the list                  | the earlier campaign                              | this campaign | state |
 * |---------------------------|---------------------------------------------------|---------------|-------|
 * | stored                    | any                                               | any           | listed |
 * | not stored, or not known  | there is no such object                           | any           | notFound |
 * | not asked yet             | there                                             | any           | notAsked |
 * | the journal is silent     | there                                             | any           | unknown |
 * | can't be read             | there                                             | any           | unreadable |
 * | not stored                | the destruction of its personal data has begun    | any           | keysDestroyed |
 * | not stored                | its result is not announced                       | any           | waitingForResult |
 * | not stored                | it issues vouchers, and not every winner has one; its personal data is not due to be destroyed | not closed | waitingForIssuance |
 * | not stored                | otherwise                                         | any           | making: the Job runs |
 */
export const exclusionsOf = (campaign: VoucherCampaign, seen: Seen, nowMs: number): readonly Exclusion[] => {
  const { earlier: found = [], excludedLists, previous } = seen;
  return earlierCampaignsOf(campaign.spec).map((name): Exclusion => {
    const earlier = found.find(({ metadata }) => metadata.name === name);
    const of = earlier?.spec.campaignId ?? previous?.exclusions?.find((one) => one.campaign === name)?.campaignId;
    if (of === undefined) return { name, state: { kind: 'notFound' } };
    const list = excludedLists?.get(of);
    const head = { name, of, earlier };
    if (list?.kind === 'listed') return { ...head, state: list };
    if (earlier === undefined) return { ...head, state: { kind: 'notFound' } };
    if (list === undefined) return { ...head, state: { kind: 'notAsked' } };
    if (list.kind !== 'absent') return { ...head, state: list };
    if (earlier.status?.privacy?.orderedAt !== undefined) return { ...head, state: { kind: 'keysDestroyed' } };
    if (earlier.status?.draw?.announced !== true) return { ...head, state: { kind: 'waitingForResult' } };
    const isDue = isIssued(earlier) || isUrgent(earlier) || nowMs >= instantMs(campaign.spec.window.closesAt);
    return { ...head, state: { kind: isDue ? 'making' : 'waitingForIssuance' } };
  });
};

/** What citizens read. A campaign that is gone has only its name. */
export const titlesOf = (exclusions: readonly Exclusion[]): readonly LocalizedText[] =>
  exclusions.map(({ name, earlier }) => earlier?.spec.title ?? { 'zh-CN': name, en: name });

/** What the freeze fixes, and the names of earlier campaigns without a list: while there are any, nothing is frozen. */
export const excludedAtFreeze = (
  exclusions: readonly Exclusion[],
): { readonly excluded?: readonly FrozenExclusion[]; readonly notExcluded?: readonly string[] } => {
  if (exclusions.length === 0) return {};
  const listed = exclusions.flatMap(({ state }) => (state.kind === 'listed' ? [frozenExclusionOf(state.winners)] : []));
  const missing = exclusions.filter(({ state }) => state.kind !== 'listed').map(({ name }) => name);
  return { excluded: listed, notExcluded: missing };
};

/** What the Job of one earlier campaign needs. */
export interface ExclusionRun {
  readonly order: ExclusionOrder;
  readonly privacySecret: string;
  /** Prefix, as `spec.dataPlane.secretName`. */
  readonly dataPlaneSecret: string;
}

/** As many as fit into the name of a Job. */
const RUN_DIGITS = 4;

export const exclusionRuns = (
  { spec }: VoucherCampaign,
  exclusions: readonly Exclusion[],
): readonly { readonly run: string; readonly exclusion: ExclusionRun }[] =>
  exclusions.flatMap(({ of, earlier, state }) =>
    state.kind !== 'making' || of === undefined || earlier === undefined
      ? []
      : [
          {
            run: hash('sha256', of).slice(0, RUN_DIGITS),
            exclusion: {
              order: { of, uniqueness: spec.eligibility.uniqueness },
              privacySecret: earlier.spec.privacy.keySecretName,
              dataPlaneSecret: earlier.spec.dataPlane.secretName,
            },
          },
        ],
  );

/** What is listed remains in the status while the journal does not answer. */
export const exclusionsStatus = (
  exclusions: readonly Exclusion[],
  previous: VoucherCampaignStatus['exclusions'] = [],
): VoucherCampaignStatus['exclusions'] => {
  const listed = exclusions.flatMap(({ name, state }) =>
    state.kind === 'listed'
      ? [
          {
            campaign: name,
            campaignId: state.winners.of,
            entries: state.winners.entries,
            unreadable: state.winners.unreadable,
            digest: state.winners.digest,
          },
        ]
      : previous.filter(({ campaign }) => campaign === name),
  );
  return listed.length === 0 ? undefined : listed;
};

/**
 * Other campaigns of the namespace that exclude the winners of this one and have no list yet: until they have, its keys are needed. A
 * campaign whose list of the draw is frozen needs them no more.
 */
export const excludersOf = (
  { metadata: { namespace, name } }: VoucherCampaign,
  all: Iterable<VoucherCampaign>,
): readonly string[] =>
  [...all]
    .filter(({ metadata }) => metadata.namespace === namespace && metadata.name !== name)
    .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
    .filter(({ spec }) => earlierCampaignsOf(spec).includes(name))
    .filter(({ status }) => status?.draw?.frozenAt === undefined)
    .filter(({ status }) => !(status?.exclusions ?? []).some(({ campaign }) => campaign === name))
    .map(({ metadata }) => metadata.name)
    .sort();

/** Campaigns of the namespace that this one names. */
export const earlierIn = (
  { metadata: { namespace }, spec }: VoucherCampaign,
  all: Iterable<VoucherCampaign>,
): readonly VoucherCampaign[] => {
  const names = earlierCampaignsOf(spec);
  if (names.length === 0) return [];
  return [...all].filter(({ metadata }) => metadata.namespace === namespace && names.includes(metadata.name));
};
