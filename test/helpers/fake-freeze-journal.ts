/** The shards, consumers and control stream of one campaign in memory, as far as the freeze uses them. */
import type { Frozen, Listed } from '../../contract/decisions/control.ts';
import type { ExcludedWinners } from '../../contract/decisions/exclusion.ts';
import type { Tier } from '../../contract/tiers.ts';
import type { FreezeJournal, PublishedWindow } from '../../journal/freeze/freezing.ts';
import { FakeDrawChain } from './fake-draw-chain.ts';

interface Message {
  readonly id: string;
  readonly isBarrier: boolean;
}

export type Call = keyof FreezeJournal;

export class FakeFreezeJournal {
  readonly shards: Message[][];
  /** Appended, in their order: more than one is a fault. */
  readonly entries: Frozen[] = [];
  listed: Listed | undefined;
  published: PublishedWindow | undefined;
  /** Lists of earlier winners, by campaignId. */
  readonly excluded = new Map<string, ExcludedWinners>();
  readonly chain = new FakeDrawChain(() => this.now());
  readonly calls: Call[] = [];
  /** The clock of the journal's servers. */
  now = (): number => Number.POSITIVE_INFINITY;
  readonly #storedAtMs = new Map<string, number>();
  /** Acknowledged up to here, by tier and shard. */
  readonly #done = new Map<string, number>();

  constructor(shards = 3) {
    this.shards = Array.from({ length: shards }, () => []);
  }

  /** @returns the acknowledged sequence */
  store(shard: number, id: string, isBarrier = false): number {
    const stream = this.shards[shard] ?? [];
    const known = stream.findIndex((message) => message.id === id);
    return known >= 0 ? known + 1 : stream.push({ id, isBarrier });
  }

  /** Everything that is stored now is acknowledged by the tier. */
  consume(tier: Tier, shards: readonly number[] = this.shards.map((_, shard) => shard)): void {
    for (const shard of shards) this.#done.set(`${tier} ${shard}`, this.shards[shard]?.length ?? 0);
  }

  /** Its positions were lost: it begins again. */
  forget(tier: Tier): void {
    for (const shard of this.shards.keys()) this.#done.delete(`${tier} ${shard}`);
  }

  get barriers(): number {
    return this.shards.flat().filter(({ isBarrier }) => isBarrier).length;
  }

  /** @param pass by which each request goes: it performs it, or throws before or after */
  access(pass: <T>(call: Call, perform: () => T) => Promise<T> = async (_, perform) => perform()): FreezeJournal {
    const through = <T>(call: Call, perform: () => T): Promise<T> => {
      this.calls.push(call);
      return pass(call, perform);
    };
    return {
      decided: () =>
        through('decided', () => {
          const [frozen] = this.entries;
          return { ...(frozen && { frozen }), ...(frozen && this.listed && { listed: this.listed }) };
        }),
      excludedWinners: (_, of) => through('excludedWinners', () => this.excluded.get(of)),
      published: () => through('published', () => this.published),
      publishBarriers: ({ attempt }) =>
        through('publishBarriers', () => {
          const id = `barrier ${attempt}`;
          const storedAtMs = this.#storedAtMs.get(id) ?? this.now();
          this.#storedAtMs.set(id, storedAtMs);
          return { sequences: this.shards.map((_, shard) => this.store(shard, id, true)), storedAtMs };
        }),
      positions: (_, barriers, tiers) =>
        through('positions', () =>
          tiers.flatMap((tier) =>
            barriers.map((_, shard) => ({
              tier,
              shard,
              acknowledged: this.#done.get(`${tier} ${shard}`) ?? 0,
            })),
          ),
        ),
      freeze: (frozen) =>
        through('freeze', () => {
          if (this.entries.length === 0) this.entries.push(frozen);
          return this.entries[0] ?? frozen;
        }),
      steps: () => through('steps', () => this.chain.read()).then((steps) => steps),
      appendStep: (_, step, after) => through('appendStep', () => this.chain.append(step, after)).then((is) => is),
    };
  }
}
