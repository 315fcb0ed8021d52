/** Which answers make a citizen one who is due back: asked of the metrics page, after one registration that got it. */
import { randomUUID } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { CANARY_HEADER, signCanary } from '../../../app/intake/canary.ts';
import { METRICS } from '../../../contract/app-contract.ts';
import type { PublishOutcome } from '../../../journal/publishing.ts';
import { parseMetrics } from '../../../operator/signals/metrics-text.ts';
import {
  bodyOf,
  CANARY_KEY,
  calmGuard,
  NOW_MS,
  settingsOf,
  type TestIntake,
  testIntake,
} from '../../helpers/intake.ts';

const NAMES = [METRICS.dueBack, METRICS.intakeArrivals, METRICS.tenthAttempts, METRICS.returnsExpected];

const told = async ({ registry }: TestIntake) => {
  const families = parseMetrics(await registry.metrics(), NAMES);
  return (name: string): number => (families.get(name) ?? []).reduce((sum, { value }) => sum + value, 0);
};

const shut = { admissionPerSecond: 0.0001, intakePods: 1, burstSeconds: 1 };
const unavailable =
  (reason: Extract<PublishOutcome, { kind: 'unavailable' }>['reason'], retryAfterMs: number) =>
  async (): Promise<PublishOutcome> => ({ kind: 'unavailable', reason, retryAfterMs });
const page = {
  title: { 'zh-CN': '维护', en: 'Repair' },
  text: { 'zh-CN': '稍后再来', en: 'Come again' },
  retryAfterSeconds: 2,
};
const closed = settingsOf({ window: { opensAt: '2026-09-01T00:00:00Z', closesAt: '2026-09-02T00:00:00Z' } });

const cases: Record<string, readonly [code: string | undefined, dueBack: 0 | 1, (world: TestIntake['world']) => void]> =
  {
    'is accepted': [undefined, 0, () => undefined],
    'meets a pod without settings': ['STARTING', 1, (world) => Object.assign(world, { settings: undefined })],
    'meets a silent journal': [
      'JOURNAL_UNAVAILABLE',
      1,
      (world) => Object.assign(world, { publish: unavailable('timeout', 1_000) }),
    ],
    'meets a busy journal': [
      'JOURNAL_BUSY',
      1,
      (world) => Object.assign(world, { publish: unavailable('busy', 1_000) }),
    ],
    'meets a full journal': [
      'JOURNAL_FULL',
      1,
      (world) => Object.assign(world, { publish: unavailable('journal_full', 5_000) }),
    ],
    'meets keys that are late': ['JOURNAL_UNAVAILABLE', 1, (world) => Object.assign(world, { sealing: 'paused' })],
    'meets a level that lets no one in': [
      'REGISTRATION_PAUSED',
      0,
      (world) => Object.assign(world, { settings: settingsOf({ page }) }),
    ],
    'comes too early': ['NOT_OPEN', 0, (world) => Object.assign(world, { nowMs: Date.parse('2026-09-01T00:00:00Z') })],
    'comes too late': ['CLOSED', 0, (world) => Object.assign(world, { settings: closed })],
    'meets a defect': ['INTERNAL', 0, (world) => Object.assign(world, { sealing: 'broken' })],
  };

describe('a citizen who', () => {
  it.each(Object.entries(cases))('%s', async (_, [code, dueBack, arrange]) => {
    const intake = testIntake();
    arrange(intake.world);
    expect((await intake.post(bodyOf(1))).json['code']).toBe(code);
    const of = await told(intake);
    expect([of(METRICS.dueBack), of(METRICS.intakeArrivals), of(METRICS.returnsExpected)]).toEqual([dueBack, 1, 0]);
  });

  it('meets the admission rate', async () => {
    const intake = testIntake();
    intake.world.settings = settingsOf({ traffic: shut });
    expect((await intake.post(bodyOf(1))).status).toBe(201);
    expect((await intake.post(bodyOf(2))).json['code']).toBe('ADMISSION_LIMITED');
    expect((await told(intake))(METRICS.dueBack)).toBe(1);
  });

  it('meets an overload', async () => {
    const intake = testIntake({ ...calmGuard(), isOverloaded: () => true });
    expect((await intake.post(bodyOf(1))).json['code']).toBe('OVERLOADED');
    expect((await told(intake))(METRICS.dueBack)).toBe(1);
  });

  it('sends what can be mended', async () => {
    const intake = testIntake();
    expect((await intake.post({ ...bodyOf(1), phone: '1' })).status).toBe(422);
    expect((await told(intake))(METRICS.dueBack)).toBe(0);
  });

  it('is no citizen but a canary', async () => {
    const intake = testIntake({ ...calmGuard(), isOverloaded: () => true });
    const key = randomUUID();
    const headers = { 'idempotency-key': key, [CANARY_HEADER]: signCanary(CANARY_KEY, NOW_MS / 1000, key) };
    expect((await intake.post(bodyOf(1), headers)).json['code']).toBe('OVERLOADED');
    const of = await told(intake);
    expect([of(METRICS.dueBack), of(METRICS.tenthAttempts)]).toEqual([0, 0]);
  });
});
