/** Metrics of the tiers that read the journal, and of the Job `compare`. Pure. */
import { named } from './metric.ts';

const WORKERS = ['records', 'verification', 'issuance'] as const;
const ASKING = ['verification', 'issuance'] as const;
const STOCK = { type: 'gauge', labels: ['channel', 'voucher'], exposedBy: ['issuance'] } as const;

export const WORKER = named({
  voucher_worker_failures_total: {
    type: 'counter',
    labels: ['tier', 'step', 'kind'],
    help: 'Steps that failed and are retried.',
    exposedBy: WORKERS,
  },
  voucher_worker_batch_messages: {
    type: 'histogram',
    labels: ['tier'],
    help: 'Messages per batch.',
    exposedBy: WORKERS,
    buckets: [1, 10, 50, 100, 200, 300, 400, 500],
  },
  voucher_worker_commit_seconds: {
    type: 'histogram',
    labels: ['tier'],
    help: 'Seconds from the first decoded byte to the commit, with retries.',
    exposedBy: WORKERS,
    buckets: [0.005, 0.01, 0.02, 0.05, 0.1, 0.3, 0.5, 1, 3, 5, 10, 30],
  },
  voucher_records_committed_total: {
    type: 'counter',
    labels: ['result'],
    help: 'Events committed to the database, by result. kept: of a later release, until a worker of that release records it. uncounted: canaries and rehearsals.',
    exposedBy: ['records'],
  },
  voucher_records_rejected_total: {
    type: 'counter',
    labels: ['reason'],
    help: 'Messages set aside permanently, by reason.',
    exposedBy: ['records'],
  },
  voucher_records_receipts: {
    type: 'gauge',
    labels: ['state'],
    help: 'Receipts of citizens in the database: received is the earliest of each person, superseded the others. Absent while the database does not answer.',
    exposedBy: ['records'],
  },
  voucher_records_facts: {
    type: 'gauge',
    labels: ['fact', 'voucher', 'channel'],
    help: 'Receipts of winners in the database, by what they have. A series of zero is absent, and all are while the database is silent.',
    exposedBy: ['records'],
  },
  voucher_records_facts_timestamp_seconds: {
    type: 'gauge',
    labels: [],
    help: 'When these receipts were counted, in Unix seconds; 0 while they are absent.',
    exposedBy: ['records'],
  },
  voucher_records_in_hand_seconds: {
    type: 'gauge',
    labels: [],
    help: 'How long the oldest batch has waited for its commit, in seconds; 0 without one.',
    exposedBy: ['records'],
  },
  voucher_verification_questions_total: {
    type: 'counter',
    labels: ['provider', 'outcome'],
    help: 'Requests to providers, by provider and result. Only match, mismatch and no_record lead to a verdict.',
    exposedBy: ['verification'],
  },
  voucher_verification_verdicts_total: {
    type: 'counter',
    labels: ['verdict'],
    help: 'Verdicts that the journal has acknowledged.',
    exposedBy: ['verification'],
  },
  voucher_verification_skipped_total: {
    type: 'counter',
    labels: ['reason'],
    help: 'Messages that needed no request: answered before, withdrawn, corrected since, erased, or of no citizen.',
    exposedBy: ['verification'],
  },
  voucher_verification_given_back_total: {
    type: 'counter',
    labels: ['reason'],
    help: 'Messages that could not be decided now; the journal delivers them again.',
    exposedBy: ['verification'],
  },
  voucher_verification_oldest_seconds: {
    type: 'gauge',
    labels: [],
    help: 'Age in seconds of the oldest registration that this pod is checking; 0 when there is none.',
    exposedBy: ['verification'],
  },
  voucher_review_requests_total: {
    type: 'counter',
    labels: ['action', 'outcome'],
    help: 'Requests of reviewers, by action (list, show, accept, reject) and outcome: done, or the code of the refusal.',
    exposedBy: ['verification'],
  },
  voucher_issuance_begun_total: {
    type: 'counter',
    labels: ['channel'],
    help: 'Requests that were begun: issuing facts that the journal has acknowledged.',
    exposedBy: ['issuance'],
  },
  voucher_issuance_requests_total: {
    type: 'counter',
    labels: ['channel', 'call', 'result'],
    help: 'Requests to channels, by call and result.',
    exposedBy: ['issuance'],
  },
  voucher_issuance_outcomes_total: {
    type: 'counter',
    labels: ['channel', 'outcome'],
    help: 'Final outcomes that the journal has acknowledged.',
    exposedBy: ['issuance'],
  },
  voucher_issuance_skipped_total: {
    type: 'counter',
    labels: ['stage', 'reason'],
    help: 'Messages that needed no request, by stage. route with unbound: winners without an account at their channel, as often as they were seen.',
    exposedBy: ['issuance'],
  },
  voucher_issuance_given_back_total: {
    type: 'counter',
    labels: ['stage', 'reason'],
    help: 'Messages that could not be decided now; the journal delivers them again.',
    exposedBy: ['issuance'],
  },
  voucher_issuance_callbacks_total: {
    type: 'counter',
    labels: ['channel', 'result'],
    help: 'Callbacks of channels, by result. forged: without the channel’s signature, so nothing of it was believed. unknown: no voucher of ours has that number yet; the channel repeats it.',
    exposedBy: ['issuance'],
  },
  voucher_issuance_redeemed_total: {
    type: 'counter',
    labels: ['channel', 'voucher'],
    help: 'Vouchers whose use this pod recorded. Exact numbers are in voucher_records_facts: two pods may record the same use together.',
    exposedBy: ['issuance'],
  },
  voucher_issuance_unnoted_total: {
    type: 'counter',
    labels: ['channel', 'reason'],
    help: 'Issued vouchers whose use will not be recorded. taken: the channel gave another receipt the same number. full: the bucket of claims has no room.',
    exposedBy: ['issuance'],
  },
  voucher_issuance_oldest_seconds: {
    type: 'gauge',
    labels: ['channel'],
    help: 'Age in seconds of the oldest request that this pod has in hand; 0 when there is none.',
    exposedBy: ['issuance'],
  },
  voucher_issuance_stock_face_value_fen: { ...STOCK, help: 'Face value of a stock as its channel says, in fen.' },
  voucher_issuance_stock_minimum_spend_fen: { ...STOCK, help: 'Minimum spend of a stock as its channel says, in fen.' },
  voucher_issuance_stock_total_vouchers: { ...STOCK, help: 'Vouchers of a stock as its channel says.' },
  voucher_issuance_stock_issued_vouchers: { ...STOCK, help: 'Vouchers that a stock has issued, as its channel says.' },
  voucher_issuance_stock_running: { ...STOCK, help: '1 while a stock gives vouchers, as its channel says; else 0.' },
  voucher_issuance_stock_read_timestamp_seconds: {
    type: 'gauge',
    labels: ['channel'],
    help: 'When this pod last read all stocks of a channel, in Unix seconds.',
    exposedBy: ['issuance'],
  },
  voucher_outside_requests_total: {
    type: 'counter',
    labels: ['target', 'outcome'],
    help: 'Requests to outside systems, by outcome.',
    exposedBy: ASKING,
  },
  voucher_outside_blocked: {
    type: 'gauge',
    labels: ['target', 'reason'],
    help: '1 while this pod does not ask an outside system, by reason; else 0.',
    exposedBy: ASKING,
  },
  voucher_trace_spans_total: {
    type: 'counter',
    labels: ['outcome'],
    help: 'Spans of traces: ended, and of these exported or failed. The others wait, or were dropped from a full queue. Absent without a collector.',
    exposedBy: ['intake', 'records', 'verification', 'issuance', 'login'],
  },
  voucher_dependency_seconds: {
    type: 'gauge',
    labels: ['dependency', 'state'],
    help: 'State of each dependency, as this process finds it with its own credentials, and for how many seconds.',
    exposedBy: ['intake', 'records', 'verification', 'issuance', 'login'],
  },
  voucher_clock_ahead_seconds: {
    type: 'gauge',
    labels: ['clock'],
    help: 'Seconds that a clock is ahead of the time on which most clocks agree. Absent while they do not agree.',
    exposedBy: ['intake', 'verification', 'issuance', 'login'],
  },
});

export const COMPARE = named({
  voucher_compare_watermark_sequence: {
    type: 'gauge',
    labels: ['shard'],
    help: 'Every message up to this one was compared with the database once.',
    exposedBy: ['compare'],
  },
  voucher_compare_round_timestamp_seconds: {
    type: 'gauge',
    labels: [],
    help: 'Time of the last complete comparison, in Unix seconds; 0 before the first.',
    exposedBy: ['compare'],
  },
  voucher_compare_differing_buckets: {
    type: 'gauge',
    labels: [],
    help: 'Buckets of 1,024 in which journal and database differ.',
    exposedBy: ['compare'],
  },
  voucher_compare_differing_rows: {
    type: 'gauge',
    labels: ['bucket'],
    help: 'Rows that differ, in the first ten of these buckets.',
    exposedBy: ['compare'],
  },
  voucher_compare_suspected_rows: {
    type: 'gauge',
    labels: [],
    help: 'Differences that only the last comparison has seen.',
    exposedBy: ['compare'],
  },
  voucher_compare_behind: {
    type: 'gauge',
    labels: ['who'],
    help: '1 while nothing is compared, because this one is behind.',
    exposedBy: ['compare'],
  },
});
