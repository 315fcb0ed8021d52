/** A log of failures that may come many times a second: at most one line a second for each kind. */
import { anonymousError, type Logger } from './log.ts';
import { createLogLimit } from './log-limit.ts';

export interface LimitedLog {
  /** @param kind from a fixed list; left out: the message is the kind */
  warn(fields: Readonly<Record<string, unknown>>, message: string, kind?: string): void;
  /** For what is tried again and again. */
  failed(step: string): (error: unknown) => void;
  /** An answer with a status of 500 or more. */
  answered(code: string, error: unknown): void;
}

export const createLimitedLog = (log: Logger): LimitedLog => {
  const lines = createLogLimit();
  const admit = (kind: string): number | undefined => lines.admit(kind, performance.now());
  const warn: LimitedLog['warn'] = (fields, message, kind = message) => {
    const suppressed = admit(kind);
    if (suppressed !== undefined) log.warn({ suppressed, ...fields }, message);
  };
  return {
    warn,
    failed: (step) => (error) => warn({ step, error }, 'background step failed', step),
    answered(code, error) {
      if (code !== 'INTERNAL') return warn({ code }, 'answered 503', code);
      const suppressed = admit(code);
      if (suppressed !== undefined) log.error({ code, suppressed, ...anonymousError(error) }, 'answered 500');
    },
  };
};
