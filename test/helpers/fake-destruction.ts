/** Control entries, bucket and privacy Secret of one campaign in memory, as far as the destruction uses them. */
import type { Destroyed, Destroying } from '../../contract/decisions/control.ts';
import type { DestructionJournal } from '../../journal/privacy/destroying.ts';
import type { SecretEmptier } from '../../operator/destruction/destruction-keeper.ts';

export type DestructionCall = keyof DestructionJournal | 'empty';

export class FakeDestruction {
  /** Appended, in their order: more than one of a kind is a fault. */
  readonly orders: Destroying[] = [];
  readonly ends: Destroyed[] = [];
  keys = new Set(['2020-09-25', '2020-09-25-3f9c41d2a07b66e8']);
  readonly remembered = [...this.keys];
  closedAtMs: number | undefined;
  secretKeys = ['citizen.key', 'canary.key', 'wrap-1.key'];
  mayEmpty = true;
  /** The clock of the journal's server; undefined: as the operator's. */
  serverMs: number | undefined;
  readonly calls: DestructionCall[] = [];
  readonly now: () => number;

  constructor(now: () => number) {
    this.now = now;
  }

  /** A pod that still holds a key. @returns whether the server has stored it */
  writeBack(name: string): boolean {
    if (this.closedAtMs !== undefined) return false;
    this.keys.add(name);
    return true;
  }

  /** @param pass by which each call goes: it performs it, or throws before or after */
  access(pass: <T>(call: DestructionCall, perform: () => T) => Promise<T> = async (_, perform) => perform()): {
    readonly journal: DestructionJournal;
    readonly secrets: SecretEmptier;
  } {
    const through = <T>(call: DestructionCall, perform: () => T): Promise<T> => {
      this.calls.push(call);
      return pass(call, perform);
    };
    return {
      journal: {
        decided: () =>
          through('decided', () => {
            const [destroying] = this.orders;
            const [destroyed] = this.ends;
            return { ...(destroying && { destroying }), ...(destroyed && { destroyed }) };
          }),
        keys: () =>
          through('keys', () => ({
            names: this.remembered,
            serverMs: this.serverMs ?? this.now(),
            ...(this.closedAtMs === undefined || this.keys.size > 0 ? {} : { destroyedAtMs: this.closedAtMs }),
          })),
        order: (order) =>
          through('order', () => {
            if (this.orders.length === 0) this.orders.push(order);
            return this.orders[0] ?? order;
          }),
        destroyKeys: () =>
          through('destroyKeys', () => {
            this.closedAtMs ??= this.now();
            this.keys.clear();
          }),
        complete: (destroyed) =>
          through('complete', () => {
            if (this.ends.length === 0) this.ends.push(destroyed);
            return this.ends[0] ?? destroyed;
          }),
      },
      secrets: {
        empty: () =>
          through('empty', () => {
            if (!this.mayEmpty) return 'forbidden' as const;
            this.secretKeys = [];
            return 'emptied' as const;
          }),
      },
    };
  }
}
