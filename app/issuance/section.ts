/** The tier's section of the spec, as the live settings carry it: `sections.issuance`; and what the start of issuance fixed. Pure. */
import { z } from 'zod';
import type { IssuanceStart } from '../../contract/decisions/control.ts';
import { CHANNELS } from '../../contract/envelope.ts';
import type { IssuanceChannel } from '../../contract/types/issuance.ts';

const text = z.string().min(1);

/** Unknown fields are ignored: pods must accept the settings of a newer operator. */
const section = z.object({
  channels: z
    .array(
      z.object({
        name: z.enum(CHANNELS),
        url: text.exactOptional(),
        merchant: text,
        appId: text,
        requestsPerSecond: z.number().positive(),
        requestsPerDay: z.number().positive().exactOptional(),
        timeZone: text,
        stocks: z.array(z.object({ voucher: text, stock: text })),
      }),
    )
    .min(1),
});

export interface IssuanceSection {
  readonly channels: readonly IssuanceChannel[];
}

/** Undefined: the campaign issues nothing. @throws Error when a channel is not understood */
export const issuanceOf = (sections: Readonly<Record<string, unknown>> = {}): IssuanceSection | undefined => {
  const found = sections['issuance'];
  if (found === undefined) return undefined;
  return section.parse(found);
};

/**
 * What a pod's clients have to be made anew for. Stocks are part of it: they may change before the start, and what pods read of the former
 * ones must not be taken for theirs. Rates and quotas are the operator's, which hands out shares of them.
 */
export const identityOf = (channels: readonly IssuanceChannel[]): string =>
  JSON.stringify(channels.map(({ requestsPerSecond: _rate, requestsPerDay: _quota, ...identity }) => identity));
export const systemOf = ({ stocks: _stocks, ...channel }: IssuanceChannel): string =>
  identityOf([{ ...channel, stocks: [] }]);

/** Of a voucher at a channel, as the start fixed it; undefined: nothing of it is issued there. */
export interface Issuable {
  readonly merchant: string;
  readonly stock: string;
}

export const issuableAt = ({ channels }: IssuanceStart, channel: string, voucher: string): Issuable | undefined => {
  const found = channels.find((one) => one.channel === channel);
  const stock = found?.stocks.find((one) => one.voucher === voucher);
  return found === undefined || stock === undefined ? undefined : { merchant: found.merchant, stock: stock.stock };
};

/**
 * Whether requests go where the start said. A merchant or app that was changed later has other numbers: what was issued by the former
 * one would be issued again.
 */
export const isAsStarted = ({ channels }: IssuanceStart, { name, merchant, appId }: IssuanceChannel): boolean =>
  channels.some((one) => one.channel === name && one.merchant === merchant && one.appId === appId);
