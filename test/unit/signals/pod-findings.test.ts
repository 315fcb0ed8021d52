import { describe, expect, it } from '@jest/globals';
import { parseMetrics } from '../../../operator/signals/metrics-text.ts';
import { FINDING_METRICS, findingOf, intakesViewOf, workersViewOf } from '../../../operator/signals/pod-findings.ts';

const pageOf = (...lines: readonly string[]): string => lines.map((line) => `${line}\n`).join('');
const journal = (state: string, seconds = 7): string =>
  `voucher_dependency_seconds{dependency="journal",state="${state}"} ${seconds}`;
const database = (state: string, seconds = 7): string =>
  `voucher_dependency_seconds{dependency="database",state="${state}"} ${seconds}`;
const publishes = (outcome: string, count: number): string =>
  `voucher_intake_recent_publishes{outcome="${outcome}"} ${count}`;
const find = (pod: string, ...lines: readonly string[]) =>
  findingOf(pod, parseMetrics(pageOf(...lines), FINDING_METRICS));
const found = (pod: string, ...lines: readonly string[]) => {
  const finding = find(pod, ...lines);
  if (finding === undefined) throw new Error('no finding');
  return finding;
};
const pod = (name: string, ready = true) => ({ name, tier: 'intake' as const, ready, createdAtMs: 0 });

describe('a pod’s page', () => {
  it('says how the pod finds what it needs', () => {
    expect(find('a', journal('silent', 4), publishes('answers', 12), publishes('silent', 3))).toEqual({
      pod: 'a',
      journal: { state: 'silent', seconds: 4 },
      stored: 12,
      failed: 3,
      inHandSeconds: 0,
    });
  });

  it('says nothing where the pod is older, or speaks a newer word', () => {
    expect(find('a', 'voucher_intake_in_flight_requests 0')).toBeUndefined();
    expect(find('a', journal('enchanted'))).toBeUndefined();
  });
});

describe('all intake pods together', () => {
  it('name each trouble with its number, the most frequent first', () => {
    const findings = [
      found('a', journal('answers'), publishes('answers', 10)),
      found('b', journal('full', 3)),
      found('c', journal('silent', 9), publishes('answers', 1), publishes('silent', 5)),
      found('d', journal('silent', 20)),
      found('e', journal('unknown')),
    ];
    expect(
      intakesViewOf(
        findings,
        ['a', 'b', 'c', 'd', 'e'].map((name) => pod(name)),
      ),
    ).toEqual({
      pods: 5,
      known: 4,
      failing: [
        { state: 'silent', pods: 2, example: 'c', seconds: 20 },
        { state: 'full', pods: 1, example: 'b', seconds: 3 },
      ],
      stored: 11,
      failed: 5,
    });
  });

  it.each([[['a', 'b', 'c', 'd']], [['d', 'c', 'b', 'a']], [['b', 'd', 'a', 'c']]])(
    'say the same, whoever answers first: %j',
    (order) => {
      const findings = order.map((name) => found(name, journal(name < 'c' ? 'silent' : 'full')));
      const view = intakesViewOf(
        findings,
        order.map((name) => pod(name)),
      );
      expect(view?.failing).toMatchObject([
        { state: 'full', pods: 2, example: 'c' },
        { state: 'silent', pods: 2, example: 'a' },
      ]);
    },
  );

  it('are those that citizens reach; where none is ready, those that start', () => {
    const findings = [found('new', journal('credentials')), found('old', journal('answers'))];
    expect(intakesViewOf(findings, [pod('new', false), pod('old')])).toMatchObject({ pods: 1, failing: [] });
    expect(intakesViewOf(findings, [pod('new', false), pod('old', false)])).toMatchObject({
      pods: 2,
      failing: [{ state: 'credentials', example: 'new' }],
    });
  });

  it('are unknown when none said anything', () => {
    expect(intakesViewOf([], [pod('a')])).toBeUndefined();
  });
});

describe('all records pods together', () => {
  it('name the troubles with either side, and the longest wait for a commit', () => {
    const findings = [
      found('a', journal('answers'), database('disk_full', 40), 'voucher_records_in_hand_seconds 39.5'),
      found('b', journal('silent', 12), database('answers'), 'voucher_records_in_hand_seconds 0'),
    ];
    expect(workersViewOf(findings, [pod('a'), pod('b')])).toEqual({
      pods: 2,
      known: 2,
      database: [{ state: 'disk_full', pods: 1, example: 'a', seconds: 40 }],
      journal: [{ state: 'silent', pods: 1, example: 'b', seconds: 12 }],
      inHandSeconds: 39.5,
    });
    expect(workersViewOf([], [pod('a')])).toBeUndefined();
  });

  it('are those that are Ready: one that starts with a wrong password does not speak for the one that writes', () => {
    const findings = [
      found('old', journal('answers'), database('answers')),
      found('new', journal('answers'), database('credentials', 40)),
    ];
    expect(workersViewOf(findings, [pod('old'), pod('new', false)])).toMatchObject({ pods: 1, database: [] });
    expect(workersViewOf(findings, [pod('old', false), pod('new', false)])).toMatchObject({
      pods: 2,
      database: [{ state: 'credentials', pods: 1, example: 'new' }],
    });
  });
});
