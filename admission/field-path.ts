/** Paths as Kubernetes writes them in errors: `spec.vouchers[0].name`. Pure. */

export interface AdmissionError {
  /** `spec.vouchers[0].name`; empty for the document as a whole. */
  readonly path: string;
  /** Names what is wrong and the remedy. */
  readonly message: string;
  /** Line in the YAML text, from 1; absent for an object that was not read from text. */
  readonly line?: number;
}

export const child = (path: string, name: string): string => (path === '' ? name : `${path}.${name}`);
export const element = (path: string, index: number): string => `${path}[${index}]`;

/** `spec.vouchers[0].name` → `spec.vouchers[0]` → `spec.vouchers` → `spec` → undefined. */
export const parentOf = (path: string): string | undefined => {
  const cut = Math.max(path.lastIndexOf('.'), path.lastIndexOf('['));
  return cut <= 0 ? undefined : path.slice(0, cut);
};

/** A value as an error message shows it, short enough for one line. */
export const shown = (value: unknown): string => {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
};
