/**
 * What can go wrong with a local channel, switched at run time by POST /_faults. Those of the local providers (local/providers/faults.ts),
 * and these:
 *
 * | kind           | what a client sees                                                          |
 * |----------------|-----------------------------------------------------------------------------|
 * | silent         | the request is carried out, then there is no answer: a time-out after success |
 * | falseLimit     | the account is said to be at its limit, and nothing is carried out          |
 * | throttled      | too many requests, and nothing is carried out                               |
 * | systemError    | trouble at the channel, and nothing is carried out                          |
 * | wrongSignature | the answer with a signature of other bytes                                  |
 * | unsigned       | the answer without a signature                                              |
 * | otherKey       | the answer, signed by a key that no client knows                            |
 * | old            | the answer, signed with a time ten minutes ago (WeChat)                     |
 *
 * A channel that is down for a time is {"kind":"reset","forMs":120000}.
 */
import { z } from 'zod';
import { FAULTS, faultSchema } from '../providers/faults.ts';

/** Groups of requests: `send` issues, `query` looks for vouchers, `coupon` and `stock` read one, `token` and `login` are about access. */
export const APIS = ['send', 'query', 'coupon', 'stock', 'token', 'login', 'other'] as const;
export type Api = (typeof APIS)[number];

const SIGNINGS = ['wrongSignature', 'unsigned', 'otherKey', 'old'] as const;
/** How an answer is signed. */
export type Signing = 'right' | (typeof SIGNINGS)[number];

const KINDS = [...FAULTS, 'silent', 'falseLimit', 'throttled', 'systemError', ...SIGNINGS] as const;

const channelFault = faultSchema.extend({
  kind: z.enum(KINDS),
  /** Left out: every request but those about access. */
  api: z.enum(APIS).optional(),
});
/** Replaces all faults; the first that applies to a request is taken. */
export const channelFaultsBody = z.strictObject({ faults: z.array(channelFault) });

export type ChannelFaultRequest = z.input<typeof channelFault>;
export type ChannelFault = z.output<typeof channelFault>;

/** Requests about access have limits of their own, and are not counted. */
export const isCounted = (api: Api): boolean => api !== 'token' && api !== 'login';

export const concerns = (fault: ChannelFault, api: Api): boolean =>
  (fault.api === undefined ? isCounted(api) : fault.api === api) && (fault.kind !== 'falseLimit' || api === 'send');

export const signingOf = (fault: ChannelFault | undefined): Signing =>
  SIGNINGS.find((signing) => signing === fault?.kind) ?? 'right';
