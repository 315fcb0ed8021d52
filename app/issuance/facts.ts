/** The facts that issuance publishes. Pure. */
import { z } from 'zod';
import { CHANNELS, type Channel, type EventEnvelope, type EventType } from '../../contract/envelope.ts';
import type {
  Failure,
  IssuedData,
  IssueFailedData,
  IssuingData,
  RedeemedData,
} from '../../contract/outside/issuance.ts';
import type { Place, SealedAccount } from './decide.ts';

interface Made {
  readonly at: string;
  readonly site: string;
}

/** @param event of the same receipt */
const factOf = (
  type: EventType,
  attempt: number,
  { kind, campaignId, receipt, citizenHash }: EventEnvelope,
  { at, site }: Made,
  { keyId, accountHash, data }: Pick<EventEnvelope, 'keyId' | 'data'> & { readonly accountHash?: string },
): EventEnvelope => {
  const number = attempt > 1 ? { attempt } : {};
  return {
    v: 1,
    id: `${receipt}.${type}${attempt > 1 ? `.${attempt}` : ''}`,
    type,
    ...number,
    kind,
    campaignId,
    receipt,
    citizenHash,
    ...(accountHash === undefined ? {} : { accountHash }),
    at,
    site,
    keyId,
    data,
  };
};

export const issuingFact = (
  event: EventEnvelope,
  { n, place, account, request }: { n: number; place: Place; account: SealedAccount; request: string },
  made: Made,
): EventEnvelope => {
  const { channel, sealed, keyId, accountHash } = account;
  const data: IssuingData = { channel, sealed, voucher: place.voucher, request, wonAt: place.at };
  return factOf('issuing', n, event, made, {
    keyId,
    data: { ...data },
    ...(accountHash === undefined ? {} : { accountHash }),
  });
};

/** What a request was about. */
export interface Requested {
  readonly channel: Channel;
  readonly voucher: string;
  readonly request: string;
}

export const issuedFact = (event: EventEnvelope, about: Requested, coupon: string, made: Made): EventEnvelope => {
  const { channel, voucher, request } = about;
  const data: IssuedData = { channel, voucher, request, coupon };
  return factOf('issued', 1, event, made, { keyId: '', data: { ...data } });
};

export const issueFailedFact = (
  event: EventEnvelope,
  n: number,
  about: Requested,
  { failure, code }: { readonly failure: Failure; readonly code: string },
  made: Made,
): EventEnvelope => {
  const { channel, voucher, request } = about;
  const data: IssueFailedData = { channel, voucher, request, failure, code };
  return factOf('issue_failed', n, event, made, { keyId: '', data: { ...data } });
};

/** @param issued of the same receipt */
export const redeemedFact = (issued: EventEnvelope, data: RedeemedData, made: Made): EventEnvelope =>
  factOf('redeemed', 1, issued, made, { keyId: '', data: { ...data } });

const text = z.string().min(1);
const issuing: z.ZodType<IssuingData> = z.object({
  channel: z.enum(CHANNELS),
  sealed: text,
  voucher: text,
  request: z.string().regex(/^[0-9A-Za-z]{1,32}$/),
  wonAt: text,
});

const issued: z.ZodType<IssuedData> = z.object({
  channel: z.enum(CHANNELS),
  voucher: text,
  request: text,
  coupon: text,
});

/** `data` of an `issued` event; undefined: it is not understood. */
export const issuedDataOf = ({ data }: EventEnvelope): IssuedData | undefined => issued.safeParse(data).data;

/** `data` of an `issuing` event; undefined: it is not understood. */
export const issuingDataOf = ({ data }: EventEnvelope): IssuingData | undefined => issuing.safeParse(data).data;
