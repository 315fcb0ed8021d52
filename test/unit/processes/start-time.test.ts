import { describe, expect, it } from '@jest/globals';
import { startTimeInStat } from '../../../local/processes/start-time.ts';

describe('the start time in /proc/<pid>/stat', () => {
  it.each([
    ['of a plain command', '(node)'],
    ['of a command with spaces and brackets', '(a) b (c)'],
  ])('%s is its 22nd field', (_name, command) => {
    const numbered = Array.from({ length: 50 }, (_, index) => `f${index + 3}`).join(' ');
    expect(startTimeInStat(`17 ${command} ${numbered}`)).toBe('f22');
  });
});
