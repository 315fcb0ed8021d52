import { describe, expect, it } from '@jest/globals';
import { affordable, ownLimits } from '../../../runtime/connections.ts';

const limits = (soft: string): string =>
  `Limit                     Soft Limit           Hard Limit           Units\nMax open files            ${soft}                 1048576              files\n`;

describe('the connections that a process can bear', () => {
  const cases: Record<string, [string | undefined, number]> = {
    'are those wanted where there are files enough': [limits('1048576'), 4_096],
    'leave files for the rest of the process': [limits('1024'), 896],
    'are some even with next to no files': [limits('64'), 32],
    'are those wanted without a limit': [limits('unlimited'), 4_096],
    'are those wanted where nothing says a limit': [undefined, 4_096],
  };
  it.each(Object.entries(cases))('%s', (_name, [text, want]) => {
    expect(affordable(4_096, text)).toBe(want);
  });

  it('are found for this very process', () => {
    expect(affordable(Number.MAX_SAFE_INTEGER, ownLimits())).toBeGreaterThan(100);
  });
});
