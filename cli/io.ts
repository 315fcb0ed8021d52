/** Where a command's output is seen by a person who may resize it. */
export interface Terminal {
  /** Cells. */
  readonly size: () => { readonly columns: number; readonly rows: number };
  /** False where NO_COLOR is set: nothing is told by colour alone. */
  readonly isColoured: boolean;
  /** Until `giveBack`: keys are not echoed, Ctrl-C and q interrupt, and a resize calls back. */
  readonly take: (onResize: () => void) => { readonly interrupted: AbortSignal; readonly giveBack: () => void };
}

/** What a command has of the world around it. */
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
  /** Aborts when the process is to end; absent: nobody says so. */
  readonly interrupted?: AbortSignal;
}
