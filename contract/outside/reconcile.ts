/**
 * The Job `books`, which reads all facts of winners and asks the channels for requests: what a person orders, and what it reports.
 *
 * The order is an annotation, `by <user> at <instant>: <requests>`, and an environment variable of the Job. The report is a line of its
 * log. Pure.
 */
import { z } from 'zod';
import { CHANNELS } from '../envelope.ts';
import { API_GROUP } from '../names.ts';

/** Annotation on a campaign by which a person has its vouchers reconciled (operator/books/reconcile-order.ts). */
export const RECONCILE = `reconcile.${API_GROUP}/order`;

/** Requests to the channels: each, a sample of so many, or none. */
export type AskedRequests = 'all' | number;

const orderSchema = z.object({
  by: z.string().min(1).max(256),
  /** RFC 3339. */
  at: z.iso.datetime({ offset: true }),
  requests: z.union([z.literal('all'), z.int().min(0).max(100_000_000)]),
});
export type ReconcileOrder = z.infer<typeof orderSchema>;

/** @throws Error that names the fields */
export const readReconcileOrder = (json: string): ReconcileOrder => {
  const parsed = orderSchema.safeParse(JSON.parse(json));
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
  throw new Error(`the order of the Job books can't be read: ${issues.join('; ')}`);
};

export const orderText = ({ by, at, requests }: ReconcileOrder): string => `by ${by} at ${at}: ${requests}`;

const ORDER = /^by (.{1,256}) at (\S{1,40}): (all|\d{1,9})$/s;
/** Undefined: it can't be read. */
export const parseOrder = (text: string): ReconcileOrder | undefined => {
  const [, by, at, requests] = ORDER.exec(text) ?? [];
  const parsed = orderSchema.safeParse({ by, at, requests: requests === 'all' ? 'all' : Number(requests) });
  return parsed.success ? parsed.data : undefined;
};

/** Of one order, six characters: seconds since 1970. Orders of the same second are one. */
export const runOf = ({ at }: ReconcileOrder): string =>
  Math.floor(Date.parse(at) / 1_000)
    .toString(36)
    .padStart(6, '0');

/**
 * Of facts alone:
 * - `withoutWin`: a request or an outcome of a receipt that has not won
 * - `withoutRequest`: an outcome of a request that the journal does not have
 * - `withoutFailure`: a later request, although the one before has not failed for good
 * - `requestTwice`: one request number of two requests
 * - `attemptTwice`: two request numbers of one attempt of a receipt
 * - `issuedTwice`: two vouchers of one receipt
 * - `couponTwice`: one voucher of a channel for two receipts
 *
 * Of the channel's answer:
 * - `missingThere`: issued here, and the channel says that it has not issued it
 * - `otherCoupon`: issued here, and the channel names another voucher
 * - `issuedThere`: failed for good here, and the channel has issued it
 */
export const MISMATCHES = [
  'withoutWin',
  'withoutRequest',
  'withoutFailure',
  'requestTwice',
  'attemptTwice',
  'issuedTwice',
  'couponTwice',
  'missingThere',
  'otherCoupon',
  'issuedThere',
] as const;
export type MismatchKind = (typeof MISMATCHES)[number];

const channel = z.enum(CHANNELS);
const count = z.int().min(0);

const reportSchema = z.object({
  v: z.literal(1),
  campaignId: z.string(),
  /** When it began to read, and when it ended. */
  from: z.string(),
  to: z.string(),
  requests: z.union([z.literal('all'), count]),
  /** Receipts by voucher. */
  vouchers: z.array(
    z.object({
      voucher: z.string(),
      winners: count,
      /** Winners with neither an account nor a request. */
      unbound: count,
      /** Winners with an account, and without a request. */
      waiting: count,
      open: count,
      issued: count,
      failed: count,
      erased: count,
    }),
  ),
  stocks: z.array(
    z.object({
      channel,
      voucher: z.string(),
      issued: count,
      open: count,
      redeemed: count,
      expired: count,
      /** Requests that failed for good, by class. */
      failures: z.record(z.string(), count),
      /** The channel's number of issued vouchers, read before and after the journal. Absent: it does not tell it, or was not asked. */
      theirsBefore: count.exactOptional(),
      theirsAfter: count.exactOptional(),
      /** `differs`: it can't be explained by what was under way. */
      result: z.enum(['agrees', 'differs', 'unknown']),
    }),
  ),
  /** What became of the questions, by channel. */
  asked: z.array(
    z.object({
      channel,
      questions: count,
      /** The channel's answer agrees with the journal. */
      agree: count,
      /** Requests that are open here: the channel has carried them out, or not. */
      open: count,
      /** No answer that is understood. */
      unanswered: count,
      /** Why no more was asked. Absent: everything was. */
      endedBy: z.string().exactOptional(),
    }),
  ),
  /** The first 1,000, by request number. Never an account. */
  mismatches: z.array(
    z.object({
      kind: z.enum(MISMATCHES),
      channel: z.union([channel, z.literal('')]),
      voucher: z.string(),
      request: z.string(),
    }),
  ),
  /** Of each kind, also those that are not listed. */
  counts: z.partialRecord(z.enum(MISMATCHES), count),
});
export type ReconcileReport = z.infer<typeof reportSchema>;
export type Mismatch = ReconcileReport['mismatches'][number];
export const MOST_MISMATCHES = 1_000;

/** Member of the line of the log that holds the report. */
export const REPORT_MEMBER = 'reconcileReport';

/** The report in a log; undefined: there is none in it. */
export const reportIn = (log: string): ReconcileReport | undefined => {
  for (const line of log.split('\n').toReversed()) {
    if (!line.includes(`"${REPORT_MEMBER}"`)) continue;
    try {
      const parsed = reportSchema.safeParse((JSON.parse(line) as Record<string, unknown>)[REPORT_MEMBER]);
      if (parsed.success) return parsed.data;
    } catch {
      // A line that was cut.
    }
  }
  return undefined;
};

export const isBalanced = ({ counts, stocks }: Pick<ReconcileReport, 'counts' | 'stocks'>): boolean =>
  Object.values(counts).every((found) => found === 0) && stocks.every(({ result }) => result !== 'differs');
