/** A verification pod's manual review on a journal, with sessions and personal fields in memory. */
import { createHash } from 'node:crypto';
import { createReviewQueue } from '../../app/review/queue.ts';
import { createReview, type ReviewDeps } from '../../app/review/review.ts';
import type { LiveSettings } from '../../contract/app-contract.ts';
import type { ReviewAction, ReviewSession } from '../../contract/review.ts';
import type { FactAfter, ReceiptJournal, WholeReceipt } from '../../journal/publishing.ts';
import { SHARDS } from './records.ts';

/** Within the campaign's first hour. */
export const NOW_MS = Date.UTC(2020, 8, 25, 1, 30);
export const UNTIL = '2020-09-25T02:00:00Z';
export const EDITABLE_UNTIL = '2020-09-26T16:00:00.000Z';
export const PERSON = { name: '王小明', idType: 'CN_ID', idNumber: '560101195001010018' };

export const sessionOf = (by: string, secret: string, until = UNTIL): ReviewSession => ({
  by,
  until,
  sha256: createHash('sha256').update(secret).digest('hex'),
});

export const aSettings = (): LiveSettings => ({
  v: 1,
  generation: 1,
  title: { 'zh-CN': '春', en: 'Spring' },
  window: { opensAt: '2020-09-25T01:00:00.000Z', closesAt: '2020-09-25T16:00:00.000Z' },
  identity: { keySpace: 'residentNumber' },
  eligibility: { minAge: 18, uniqueness: 'perCitizen' },
  draw: { verifyBy: EDITABLE_UNTIL, unverified: 'exclude' },
  vouchers: [],
  traffic: { admissionPerSecond: 100, intakePods: 1, burstSeconds: 1 },
  reviews: { aaaaaaaa: sessionOf('li', 'secret of li'), bbbbbbbb: sessionOf('wang', 'secret of wang') },
});

/** Value of the header. */
export const LI = 'aaaaaaaa.secret of li';
export const WANG = 'bbbbbbbb.secret of wang';

interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

export const reviewOn = (journal: ReceiptJournal & WholeReceipt, factAfter: FactAfter) => {
  const reports: (readonly [action: string, outcome: string, by: string | undefined])[] = [];
  const world = {
    nowMs: NOW_MS,
    monotonicMs: 0,
    settings: aSettings() as LiveSettings | undefined,
    opened: { kind: 'opened', plaintext: Buffer.from(JSON.stringify(PERSON)) } as Awaited<
      ReturnType<ReviewDeps['opener']['open']>
    >,
    reports,
  };
  const answer = createReview({
    site: 'default',
    settings: { current: () => world.settings },
    journal,
    queue: createReviewQueue({ shards: SHARDS, factAfter, receipts: journal, monotonicMs: () => world.monotonicMs }),
    opener: { open: async () => world.opened },
    now: () => world.nowMs,
    wallClockMs: () => world.nowMs,
    monotonicMs: () => world.monotonicMs,
    report: (action, outcome, by) => void reports.push([action, outcome, by]),
    signal: new AbortController().signal,
  });
  const ask = async (action: ReviewAction, session: string, body: object = {}): Promise<Answer> =>
    (await answer({ action, session, body: JSON.stringify(body) })) as Answer;
  return Object.assign(world, { answer, ask });
};

export type ReviewWorld = ReturnType<typeof reviewOn>;

/** `409 DECIDED`, `200`. */
export const codeOf = ({ status, body }: Answer): string => `${status} ${String(body['reason'] ?? '')}`.trim();
