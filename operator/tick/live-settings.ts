import type { LiveSettings, LocalizedText } from '../../contract/app-contract.ts';
import { defined } from '../../contract/defined.ts';
import { instantMs } from '../../contract/instant.ts';
import type { Backlog, Reading } from '../../contract/reading.ts';
import { type ReviewSessions, sessionsInForce } from '../../contract/review.ts';
import { entryOf, sectionOf, TIERS, tiersOf } from '../../contract/tiers.ts';
import type { VoucherCampaignSpec } from '../../contract/types/campaign.ts';
import { type Effects, least } from '../contingency/contingency.ts';
import { announcedDraw, isPublishedUnknown, publishedDraw } from '../draw/draw-request.ts';
import type { PlanInput, TierOutcomes } from './observed.ts';

/** One form, so that `…T01:00:00Z` and `…T01:00:00.000Z` are the same settings. */
const instant = (text: string): string => new Date(instantMs(text)).toISOString();

export interface Circumstances {
  /** What the downstream tiers can take; undefined: they set no limit. */
  readonly mostPerSecond?: number | undefined;
  readonly effects?: Effects;
  readonly recordsBacklog?: Reading<Backlog> | undefined;
  /** The database takes nothing now. */
  readonly isRecordsStopped?: boolean;
  /** Of the draw. */
  readonly published?: LiveSettings['published'] | undefined;
  readonly announced?: LiveSettings['announced'] | undefined;
  /** Sessions of reviewers that are in force. */
  readonly reviews?: ReviewSessions;
  /** When all personal data is destroyed. */
  readonly deleteAtMs?: number;
  /** Ready login pods. */
  readonly loginPods?: number;
  /** Titles of campaigns whose winners take no part. */
  readonly earlierTitles?: readonly LocalizedText[];
  /** The pace of the waiting room is written: without it, no ticket would ever be served. */
  readonly hasPace?: boolean;
}

/** Coarse steps, so that settings change seldom. */
const BEHIND_SECONDS = [10, 20, 30, 60, 120, 300, 600, 1_200, 1_800, 3_600, 7_200, 14_400, 43_200, 86_400];
const WORTH_SHOWING_SECONDS = 5;
const RENEWED_MS = 10_000;

/**
 * | backlog      | oldest  | database takes nothing | shown to citizens |
 * |--------------|---------|------------------------|------|
 * | absent       | –       | any                    | nothing |
 * | stale        | –       | no                     | nothing: it may be over |
 * | fresh        | < 5 s   | no                     | nothing |
 * | fresh        | ≥ 5 s   | no                     | how long it has waited |
 * | fresh, stale | any, none | yes                  | that it is stopped, at once |
 *
 * 47 s at 10:00:07 → at most 60 s, as of 10:00:00.
 */
const behindOf = (backlog: Reading<Backlog> | undefined, isStopped: boolean): LiveSettings['behind'] => {
  if (backlog === undefined || backlog.kind === 'absent' || (backlog.kind === 'stale' && !isStopped)) return undefined;
  const { oldestSeconds = 0 } = backlog.value;
  if (oldestSeconds < WORTH_SHOWING_SECONDS && !isStopped) return undefined;
  const atMostSeconds =
    BEHIND_SECONDS.find((step) => oldestSeconds <= step) ?? Math.ceil(oldestSeconds / 86_400) * 86_400;
  const asOf = new Date(Math.floor(backlog.atMs / RENEWED_MS) * RENEWED_MS).toISOString();
  return { atMostSeconds, asOf, ...(isStopped ? { isStopped } : {}) };
};

/**
 * What may be let in per second: what is stated, at most what a saturated tier behind can take; of that a level's share, at
 * most a level's own number. Undefined: no limit.
 */
export const admittedPerSecond = (
  stated: number | undefined,
  mostPerSecond: number | undefined,
  { admissionPercent = 100, admissionPerSecond }: Effects,
): number | undefined => {
  const within = least([stated, mostPerSecond]);
  return least([within === undefined ? undefined : (within * admissionPercent) / 100, admissionPerSecond]);
};

/**
 * What every pod follows within 2 s.
 *
 * Without `spec.traffic.admissionPerSecond` admission follows ready capacity: 12 ready pods × 500/s = 6,000/s, shared
 * by 12. Shed registrations still count as arrivals, so shedding never hides demand from the scaling law.
 * A saturated downstream tier lowers it: twelve pods share 90/s when the database takes 100/s.
 * A contingency level comes last: half of what would be admitted otherwise, or its own number, whichever is less.
 *
 * @param intakePods ready intake pods; at least one shares the rate.
 */
export const buildLiveSettings = (
  spec: VoucherCampaignSpec,
  generation: number,
  intakePods: number,
  {
    mostPerSecond,
    effects = {},
    recordsBacklog,
    isRecordsStopped = false,
    published,
    announced,
    reviews = {},
    deleteAtMs,
    loginPods = 0,
    earlierTitles = [],
    hasPace = false,
  }: Circumstances = {},
): LiveSettings => {
  const sharers = Math.max(1, intakePods);
  const stated = spec.traffic.admissionPerSecond ?? sharers * spec.scaling.tiers.intake.capacityPerReplica;
  const admitted = admittedPerSecond(stated, mostPerSecond, effects) ?? stated;
  const behind = behindOf(recordsBacklog, isRecordsStopped);
  const sections = tiersOf(spec).flatMap((tier) => {
    const section = sectionOf(spec, tier);
    return section === undefined ? [] : [[entryOf(tier).section ?? tier, section] as const];
  });
  return {
    v: 1,
    generation,
    title: spec.title,
    ...defined({ look: spec.page }),
    window: { opensAt: instant(spec.window.opensAt), closesAt: instant(spec.window.closesAt) },
    identity: { keySpace: spec.identity.keySpace },
    eligibility: {
      minAge: spec.eligibility.minAge,
      uniqueness: spec.eligibility.uniqueness,
      ...(earlierTitles.length === 0 ? {} : { excludeWinnersOf: earlierTitles }),
    },
    draw: {
      ...(spec.draw.verifyBy === undefined ? {} : { verifyBy: instant(spec.draw.verifyBy) }),
      unverified: spec.draw.unverified,
      ...defined({ bundleUrl: spec.draw.bundleUrl }),
    },
    ...(deleteAtMs === undefined ? {} : { privacy: { deleteAt: new Date(deleteAtMs).toISOString() } }),
    vouchers: spec.vouchers.map(({ name, title, faceValueFen, minimumSpendFen, quota, validDays }) => ({
      name,
      title,
      faceValueFen,
      minimumSpendFen,
      quota,
      validDays,
    })),
    traffic: {
      admissionPerSecond: Math.max(1, Math.floor(admitted)),
      intakePods: sharers,
      burstSeconds: spec.traffic.burstSeconds,
      limits: spec.traffic.limits,
      trustedProxies: spec.traffic.trustedProxies,
      ...(hasPace && spec.traffic.waitingRoom?.enabled === true ? { waitingRoom: spec.traffic.waitingRoom } : {}),
    },
    ...(spec.login === undefined ? {} : { loginPods: Math.max(1, loginPods) }),
    ...(effects.page === undefined ? {} : { page: effects.page }),
    ...(published === undefined ? {} : { published }),
    ...(announced === undefined ? {} : { announced }),
    ...(sections.length === 0 ? {} : { sections: Object.fromEntries(sections) }),
    ...(behind === undefined ? {} : { behind }),
    ...(Object.keys(reviews).length === 0 ? {} : { reviews }),
  };
};

/** The least that a saturated tier can take, where its decision is carried out. */
const admissionLimit = (tiers: TierOutcomes): number | undefined =>
  least(TIERS.map((tier) => (tiers[tier].isActing ? tiers[tier].decision?.admissionPerSecond : undefined)));

/** Undefined: nothing is published now. */
export const settingsOfTick = (
  { campaign, observed, nowMs }: PlanInput,
  tiers: TierOutcomes,
  known: Pick<Circumstances, 'effects' | 'isRecordsStopped' | 'deleteAtMs' | 'earlierTitles'>,
): LiveSettings | undefined =>
  observed.journal?.kind !== 'ready' || isPublishedUnknown(observed)
    ? undefined
    : buildLiveSettings(campaign.spec, campaign.metadata.generation ?? 0, tiers.intake.ready, {
        ...known,
        mostPerSecond: admissionLimit(tiers),
        recordsBacklog: observed.readings.backlog.records,
        published: publishedDraw(observed),
        announced: announcedDraw(observed),
        reviews: sessionsInForce(campaign.metadata.annotations ?? {}, nowMs),
        loginPods: tiers.login.ready,
        hasPace: observed.queue?.kind === 'paced',
      });
