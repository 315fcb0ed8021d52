/** What a source of the dashboard gives: a report, and how it was come by. */
import type { VoucherCampaign } from '../../contract/types/campaign.ts';
import type { Report } from '../status/status-report.ts';

/** What citizens see; only a recording knows it. */
export interface CitizensSeen {
  /** 99 of 100 answers of the last second came within. Undefined: none was given. */
  readonly answerP99Ms: number | undefined;
}

export interface Frame {
  /** `nowMs` is the present of what is shown: in a replay the time of the run. */
  readonly report: Report;
  readonly citizens?: CitizensSeen | undefined;
  readonly source: SourceState;
}

export type SourceState =
  | {
      readonly kind: 'live';
      /** Since the API server last answered. */
      readonly ageMs: number;
      readonly failure: string | undefined;
      /** The campaign was deleted: this is its last state. */
      readonly isGone: boolean;
    }
  | {
      readonly kind: 'replay';
      readonly of: 'demo' | 'simulation';
      readonly speed: number;
      readonly isOver: boolean;
    };

export interface Source {
  /** Until the signal aborts. Calls back with every frame: a live one at least once a second. */
  run(onFrame: (frame: Frame) => void, signal: AbortSignal): Promise<void>;
}

/**
 * | the campaign has a waiting room | citizens wait | number     |
 * |---------------------------------|---------------|------------|
 * | no                              | –             | undefined  |
 * | yes                             | no            | 0          |
 * | yes, or its status says so      | yes           | how many   |
 */
export const waitingCitizens = ({ spec, status }: VoucherCampaign): number | undefined =>
  status?.waiting?.citizens ?? (spec.traffic.waitingRoom.enabled ? 0 : undefined);

/** A slightly late answer is not reported: the log of decisions is read every 5 s. */
const STALE_AFTER_MS = 12_000;

export const isStale = (source: SourceState): boolean =>
  source.kind === 'live' && (source.isGone || source.ageMs >= STALE_AFTER_MS);
