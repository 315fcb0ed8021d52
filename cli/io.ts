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
}
