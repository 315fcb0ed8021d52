/** Which channels are asked, and by which stocks: as the start of issuance fixed them. Pure. */
import type { IssuanceStart } from '../../contract/decisions/control.ts';
import type { IssuanceChannel } from '../../contract/types/issuance.ts';
import type { ChannelClient } from '../issuance/ports.ts';
import { isAsStarted } from '../issuance/section.ts';
import type { System } from '../outside/follow.ts';
import type { BooksChannel } from './ports.ts';

type Reached = Pick<System<IssuanceChannel, ChannelClient>, 'spec' | 'client' | 'lane'>;

/** A channel with another merchant than at the start knows none of the requests. @param start undefined: none has begun */
export const channelsAsStarted = (
  reached: readonly Reached[],
  start: IssuanceStart | undefined,
): readonly BooksChannel[] =>
  reached.flatMap(({ spec, client, lane }) => {
    const fixed = start?.channels.find(({ channel }) => channel === spec.name);
    if (start === undefined || fixed === undefined || !isAsStarted(start, spec)) return [];
    const stocks = new Map(fixed.stocks.map(({ voucher, stock }) => [voucher, stock]));
    return [{ channel: spec.name, stocks, client, lane }];
  });
