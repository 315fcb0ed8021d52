/** The draw's steps in memory: stored at the test's time, by compare-and-set. */
import type { DrawStep } from '../../contract/decisions/draw.ts';
import type { ChainEntry } from '../../contract/decisions/draw-chain.ts';
import { readDrawStep } from '../../contract/decisions/draw-step-schema.ts';

export class FakeDrawChain {
  readonly entries: ChainEntry[] = [];
  /** The clock of the journal's servers. */
  now: () => number;

  constructor(now: () => number) {
    this.now = now;
  }

  read = async (): Promise<readonly ChainEntry[]> => [...this.entries];

  append = async (step: DrawStep, after: number): Promise<boolean> => {
    if ((this.entries.at(-1)?.sequence ?? 0) !== after) return false;
    const sequence = after + 3;
    const stored = readDrawStep(JSON.parse(JSON.stringify(step)), sequence);
    this.entries.push({ sequence, storedAtMs: this.now(), step: stored });
    return true;
  };
}
