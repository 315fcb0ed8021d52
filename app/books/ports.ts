/** What the Job needs from journal, keys and channels. Implemented in journal/, app/keys, app/outside and by app/roles/books.ts. */
import type { Channel } from '../../contract/envelope.ts';
import type { Stored } from '../../journal/reading.ts';
import type { ChannelClient } from '../issuance/ports.ts';
import type { Opener } from '../keys/opener.ts';
import type { Lane } from '../outside/lane.ts';

export interface BooksReplay {
  /** Batches in order of sequence from `fromSequence` on, ending after the last message there was at the start. */
  replay(shard: number, fromSequence: number, signal: AbortSignal): AsyncIterable<readonly Stored[]>;
  lastSequence(shard: number, signal: AbortSignal): Promise<number>;
}

/** A channel that can be asked, at the pace of this pod's share. */
export interface BooksChannel {
  readonly channel: Channel;
  /** What each voucher is called there. */
  readonly stocks: ReadonlyMap<string, string>;
  readonly client: Pick<ChannelClient, 'query' | 'stock'>;
  readonly lane: Lane;
}

export interface BooksDeps {
  readonly campaignId: string;
  readonly shards: number;
  readonly journal: BooksReplay;
  readonly channels: readonly BooksChannel[];
  /** Channels of the campaign that can't be asked, and why. Absent: none. */
  readonly unreached?: readonly { readonly channel: Channel; readonly why: string }[];
  readonly opener: Opener;
  readonly now: () => number;
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
  /** [0, 1) */
  readonly random: () => number;
  /** For the log. */
  readonly note: (what: string, details: Readonly<Record<string, unknown>>) => void;
}
