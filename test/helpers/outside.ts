/** Shares, pods and reports of outside systems; a test sets only what differs. */
import type { OutsideBlock, OutsideShares, TargetShares } from '../../contract/outside/outside.ts';
import type { SharesStore } from '../../journal/administration.ts';
import type { HandOutInput } from '../../operator/outside/hand-out.ts';
import { type InForce, NO_SHARES } from '../../operator/outside/in-force.ts';
import type { OutsideReport, TargetReport } from '../../operator/outside/reports.ts';
import type { OutsideTarget } from '../../operator/outside/targets.ts';

/** 2027-03-01 10:00 in Chengdu. */
export const WALL_MS = Date.parse('2027-03-01T02:00:00Z');

export const aTarget = (changes: Partial<OutsideTarget> = {}): OutsideTarget => ({
  name: 'tencent',
  requestsPerSecond: 100,
  timeZone: 'Asia/Shanghai',
  order: 1,
  ...changes,
});

export const sharesOf = (
  perSecond: Readonly<Record<string, number>>,
  others: Omit<TargetShares, 'perSecond'> = {},
): OutsideShares => ({ v: 1, targets: { tencent: { perSecond, ...others } } });

/** Written long ago, unless stated. */
export const anInForce = (changes: Partial<InForce> = {}): InForce => ({
  value: NO_SHARES,
  revision: 1,
  earlier: [],
  raisesFromMs: 0,
  ...changes,
});

export const aReport = (
  pod: string,
  {
    blocked = [],
    startedAtMs = 0,
    target = 'tencent',
    ...counts
  }: Partial<TargetReport['counts']> & {
    readonly blocked?: readonly OutsideBlock[];
    readonly startedAtMs?: number;
    readonly target?: string;
  } = {},
): OutsideReport => ({
  pod,
  startedAtMs,
  targets: { [target]: { counts: { answered: 0, retry: 0, quota: 0, refused: 0, ...counts }, blocked } },
});

export const readyPods = (...names: readonly string[]): HandOutInput['pods'] =>
  names.map((name) => ({ name, ready: true }));

export const aHandOutInput = (changes: Partial<HandOutInput> = {}): HandOutInput => ({
  targets: [aTarget()],
  pods: readyPods('a', 'b'),
  inForce: anInForce(),
  memory: undefined,
  reports: [],
  nowMs: 1_000_000,
  wallMs: WALL_MS,
  ...changes,
});

/** The live bucket's key, with compare-and-set. */
export class FakeSharesStore implements SharesStore {
  value: OutsideShares | undefined;
  revision = 0;
  isUnreadable = false;
  reads = 0;
  writes = 0;
  /** The next write is stored, and its answer is lost. */
  losesAnswer = false;

  async read() {
    this.reads += 1;
    return { value: this.isUnreadable ? undefined : this.value, revision: this.revision };
  }

  async write(_campaign: string, _tier: string, value: OutsideShares, revision: number) {
    this.writes += 1;
    if (revision !== this.revision) return undefined;
    this.revision += 1;
    this.value = value;
    this.isUnreadable = false;
    if (!this.losesAnswer) return this.revision;
    this.losesAnswer = false;
    throw new Error('the answer was lost');
  }
}
