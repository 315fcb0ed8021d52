/** A run that gives figures: what npm run bench, soak and evidence execute. */

export interface ScenarioContext {
  readonly args: readonly string[];
  readonly signal: AbortSignal;
  readonly progress: (line: string) => void;
}

export type ScenarioResult =
  | {
      readonly kind: 'ran';
      /** Whether what the issue asks for held in this run. */
      readonly holds: boolean;
      /** The few figures that a note quotes. */
      readonly summary: Readonly<Record<string, unknown>>;
      /** A sabotaged run of this name has an evidence file of its own. */
      readonly twin?: string;
      /** Every raw sample. */
      readonly raw: unknown;
    }
  | { readonly kind: 'not_run'; readonly reason: string };

export interface Scenario {
  /** Prefix of the evidence file: `02`. */
  readonly issue: string;
  readonly run: (context: ScenarioContext) => Promise<ScenarioResult>;
}
