/** Another clock. Rejects when it can't be read now. */
export interface ClockSource {
  read(signal: AbortSignal): Promise<ClockAnswer>;
}

export interface ClockAnswer {
  /** Its name; answers with the same name are of one clock. */
  readonly clock: string;
  readonly atMs: number;
  /** It may be the clock of the asking machine. Absent: it is not. */
  readonly mayBeShared?: boolean;
}
