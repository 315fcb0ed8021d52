/** A terminal with a person, who may resize it. */
export interface Terminal {
  /** Cells. */
  readonly size: () => { readonly columns: number; readonly rows: number };
  /** False where NO_COLOR is set: colour is never the only sign. */
  readonly isColoured: boolean;
  /** Until `giveBack`: keys are not echoed, Ctrl-C and q interrupt, and a resize calls back. */
  readonly take: (onResize: () => void) => { readonly interrupted: AbortSignal; readonly giveBack: () => void };
}

export interface Io {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** Monotonic, ms. */
  readonly now: () => number;
  readonly wallMs: () => number;
  readonly env: NodeJS.ProcessEnv;
  /** Absent: the output goes to a pipe or a file. */
  readonly terminal?: Terminal;
  readonly interrupted?: AbortSignal;
}
