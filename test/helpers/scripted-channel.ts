/** A channel that keeps books, as the channels do: one voucher for a number, whatever happens to its answers. */
import type { ChannelClient, IssueAnswer, IssueRequest, QueryAnswer } from '../../app/issuance/ports.ts';
import type { Channel } from '../../contract/envelope.ts';

export interface BookEntry extends IssueRequest {
  readonly channel: Channel;
  readonly coupon: string;
}

/** What becomes of one request; `ok` unless stated. `lost`: carried out, and the answer is lost. */
export type Fate =
  | 'ok'
  | 'lost'
  | Exclude<IssueAnswer, { readonly kind: 'issued' }>
  /** The process ends before the request reaches the channel, or after. */
  | 'crash before'
  | 'crash after';

export class Crash extends Error {
  override readonly name = 'Crash';
}

/** Books of all channels together. */
export const createBooks = () => {
  const entries: BookEntry[] = [];
  return {
    entries,
    /** Vouchers by account and stock; more than one is a double. */
    doubles(): readonly string[] {
      const counts = Map.groupBy(entries, ({ stock, account }) => `${stock} ${account}`);
      return [...counts].flatMap(([key, of]) => (of.length > 1 ? [key] : []));
    },
  };
};
export type Books = ReturnType<typeof createBooks>;

export interface ScriptedOptions {
  /** Of the next request. @param count requests of this kind and number so far, from 1 */
  readonly fate?: (request: IssueRequest, count: number) => Fate;
  /** Of the next look-up; `undefined`: as the books say. */
  readonly look?: (request: IssueRequest) => QueryAnswer | undefined;
  /** Accounts that the channel does not give vouchers to. */
  readonly closed?: ReadonlySet<string>;
}

const LOST: IssueAnswer = { kind: 'unknown', reason: 'time-out' };

export const scriptedChannel = (channel: Channel, books: Books, options: ScriptedOptions = {}) => {
  const counts = new Map<string, number>();
  const calls: string[] = [];
  let underWay = 0;
  let mostUnderWay = 0;
  const ofNumber = (request: IssueRequest): BookEntry | undefined =>
    books.entries.find((one) => one.channel === channel && one.request === request.request);
  const issueOnce = async (request: IssueRequest): Promise<IssueAnswer> => {
    const count = (counts.get(request.request) ?? 0) + 1;
    counts.set(request.request, count);
    const fate = options.fate?.(request, count) ?? 'ok';
    if (fate === 'crash before') throw new Crash('before the request');
    if (typeof fate === 'object') return fate;
    if (options.closed?.has(request.account)) return { kind: 'failed', failure: 'account', code: 'CLOSED' };
    const known = ofNumber(request);
    if (known !== undefined && (known.account !== request.account || known.stock !== request.stock))
      return { kind: 'unknown', reason: 'the number was used for another request' };
    const entry = known ?? { ...request, channel, coupon: `coupon-${books.entries.length + 1}` };
    if (known === undefined) books.entries.push(entry);
    if (fate === 'crash after') throw new Crash('after the request');
    return fate === 'lost' ? LOST : { kind: 'issued', coupon: entry.coupon };
  };
  const client: ChannelClient = {
    channel,
    async issue(request) {
      calls.push(`issue ${request.request}`);
      underWay += 1;
      mostUnderWay = Math.max(mostUnderWay, underWay);
      try {
        return await issueOnce(request);
      } finally {
        underWay -= 1;
      }
    },
    async query(request) {
      calls.push(`query ${request.request}`);
      const scripted = options.look?.(request);
      if (scripted !== undefined) return scripted;
      const known = ofNumber(request);
      return known === undefined ? { kind: 'absent' } : { kind: 'issued', coupon: known.coupon };
    },
    stock: async () => ({
      kind: 'stock',
      state: {
        faceValueFen: 10_000,
        minimumSpendFen: 30_000,
        total: 1_000,
        issued: books.entries.length,
        isRunning: true,
      },
    }),
  };
  return { client, calls, mostUnderWay: () => mostUnderWay };
};
