/** A terminal with a person, who may resize it. */
export interface Terminal {
  /** Cells. */
  readonly size: () => { readonly columns: number; readonly rows: number };
  /** False where NO_COLOR is set: colour is never the only sign. */
  readonly isColoured: boolean;
  /** Until `giveBack`: keys are not echoed, Ctrl-C and q interrupt, and a resize calls back. */
  readonly take: (onResize: () => void) => { readonly interrupted: AbortSignal; readonly giveBack: () => void };
}

/** A command's access to the process and its streams. */
export interface Io {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** Monotonic, ms. */
  readonly now: () => number;
  /** Wall clock, ms since the Unix epoch. */
  readonly wallMs: () => number;
  /** Where the kubeconfig is looked for. */
  readonly env: NodeJS.ProcessEnv;
  /** Absent: the output goes to a pipe or a file. */
  readonly terminal?: Terminal;
  /** Aborts when the process is to end. */
  readonly interrupted?: AbortSignal;
}
