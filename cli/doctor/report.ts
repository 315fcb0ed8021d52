/** The doctor's results, for people and for programs. Pure. */
import { hanging, type Line, line, padded, span, type Tone, width } from '../status/screen.ts';
import { type Finding, LEVELS, type Level } from './finding.ts';

const TONES: Readonly<Record<Level, Tone>> = { OK: 'good', WARN: 'warn', FAIL: 'bad' };

const countsOf = (findings: readonly Finding[]): Readonly<Record<Level, number>> => {
  const { OK = [], WARN = [], FAIL = [] } = Object.groupBy(findings, ({ level }) => level);
  return { OK: OK.length, WARN: WARN.length, FAIL: FAIL.length };
};

const SUMMARIES: Readonly<Record<Level, string>> = {
  OK: 'ready for opening day',
  WARN: 'ready for opening day, as far as could be checked',
  FAIL: 'not ready for opening day',
};

export const worst = (findings: readonly Finding[]): Level => {
  const counts = countsOf(findings);
  return LEVELS.findLast((level) => counts[level] > 0) ?? 'OK';
};

/** @param subject such as `spring in namespace vouchers` */
export const findingLines = (findings: readonly Finding[], subject: string, columns: number): readonly Line[] => {
  const checks = Math.max(...findings.map(({ check }) => width(check)));
  const level = worst(findings);
  const counts = countsOf(findings);
  const lines = findings.flatMap(({ check, level: grade, said, remedy }) => {
    const head: Line = [span(padded(grade, 4), TONES[grade]), span(`  ${padded(check, checks)}  `, 'soft')];
    const below = ' '.repeat(4 + 2 + checks + 2);
    return [
      ...hanging(head, said, columns),
      ...(remedy === undefined ? [] : hanging([span(below), span('→ ', 'accent')], remedy, columns, 'accent')),
    ];
  });
  return [
    ...lines,
    line(),
    [
      span(`${subject}: ${SUMMARIES[level]}`, TONES[level]),
      span(`: ${counts.FAIL} FAIL, ${counts.WARN} WARN, ${counts.OK} OK.`, TONES[level]),
    ],
  ];
};

export const findingJson = (findings: readonly Finding[], subject: string, atMs: number): unknown => ({
  subject,
  at: new Date(atMs).toISOString(),
  verdict: worst(findings),
  counts: countsOf(findings),
  findings: findings.map((finding) => ({ ...finding, remedy: finding.remedy ?? null })),
});
