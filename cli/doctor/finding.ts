/** The result of a check. Pure. */
import type { Seen } from './doctor-facts.ts';

export const LEVELS = ['OK', 'WARN', 'FAIL'] as const;
export type Level = (typeof LEVELS)[number];

export interface Finding {
  readonly check: string;
  readonly level: Level;
  readonly said: string;
  /** A command, or what to do. Set for everything that is not OK. */
  readonly remedy?: string;
}

export const ok = (check: string, said: string): Finding => ({ check, level: 'OK', said });
export const warn = (check: string, said: string, remedy: string): Finding => ({ check, level: 'WARN', said, remedy });
export const fail = (check: string, said: string, remedy: string): Finding => ({ check, level: 'FAIL', said, remedy });

/** A permission for Secrets is one for their contents: no role of the chart grants it. */
const roleFor = (command: string): string =>
  command.includes(' secrets') ? '' : "; or get the chart's ClusterRole <release namespace>-<release>-doctor";

/** What can't be read is WARN: it may be right or wrong. */
export const onceSeen = <T>(
  check: string,
  seen: Seen<T>,
  judge: (value: T) => Finding | readonly Finding[],
): readonly Finding[] => {
  switch (seen.kind) {
    case 'seen': {
      const judged = judge(seen.value);
      return 'level' in judged ? [judged] : judged;
    }
    case 'hidden':
      return [
        warn(
          check,
          'you lack permission to read this',
          `ask a user who has it to run: ${seen.command}${roleFor(seen.command)}`,
        ),
      ];
    case 'failed':
      return [warn(check, `could not be read: ${seen.message}`, 'try again')];
  }
};
