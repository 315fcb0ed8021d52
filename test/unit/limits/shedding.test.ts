import { describe, expect, it } from '@jest/globals';
import { CLASSES, isShed, type RequestClass } from '../../../app/http/shedding.ts';
import { createAdmission } from '../../../app/limits/admission.ts';

const calm = { inFlight: 0, writes: 64, lateMs: 0 };
const ORDER: readonly RequestClass[] = ['write', 'status', 'poll', 'ticket', 'static'];

describe('while the event loop is late', () => {
  it('classes are shed one after another, writes last', () => {
    const shedAt = (lateMs: number) => ORDER.filter((of) => isShed(of, 'usual', { ...calm, lateMs }));
    expect([50, 120, 180, 220, 280, 320].map(shedAt)).toEqual([
      [],
      ['static'],
      ['ticket', 'static'],
      ['poll', 'ticket', 'static'],
      ['status', 'poll', 'ticket', 'static'],
      [...ORDER],
    ]);
  });

  it('a noisy network is shed before others of its class', () => {
    const lateMs = 200;
    expect(isShed('write', 'usual', { ...calm, lateMs })).toBe(false);
    expect(isShed('write', 'noisy', { ...calm, lateMs })).toBe(true);
  });
});

describe('places', () => {
  it('of a class are its own: a flood of polls sheds no write and no status', () => {
    expect(isShed('poll', 'usual', { ...calm, inFlight: CLASSES.poll.most })).toBe(true);
    expect(isShed('status', 'usual', calm)).toBe(false);
    expect(isShed('write', 'usual', calm)).toBe(false);
  });

  it('of writes are what was learned, of which networks that ask much have a part', () => {
    const shed = (conduct: 'usual' | 'busy' | 'noisy') =>
      [15, 16, 31, 32, 63, 64].filter((inFlight) => isShed('write', conduct, { ...calm, inFlight }));
    expect(shed('usual')).toEqual([64]);
    expect(shed('busy')).toEqual([32, 63, 64]);
    expect(shed('noisy')).toEqual([16, 31, 32, 63, 64]);
  });

  it('never shut a network out: one request of it is always possible', () => {
    expect(isShed('write', 'noisy', { inFlight: 0, writes: 1, lateMs: 0 })).toBe(false);
  });
});

describe('admission', () => {
  const rate = { perSecond: 100, burstSeconds: 1 };
  /** Each ms one request of each conduct, for ten seconds. */
  const play = (conducts: readonly ('usual' | 'busy' | 'noisy')[]) => {
    const admission = createAdmission();
    const admitted = { usual: 0, busy: 0, noisy: 0 };
    for (let nowMs = 0; nowMs < 10_000; nowMs += 1) {
      // In turns, so that none is always first.
      for (let turn = 0; turn < conducts.length; turn += 1) {
        const conduct = conducts[(nowMs + turn) % conducts.length] ?? 'usual';
        if (admission.take(conduct, nowMs, rate)) admitted[conduct] += 1;
      }
    }
    return admitted;
  };

  it('serves busy and noisy networks less while the pod is loaded, and shuts none out', () => {
    const { usual, busy, noisy } = play(['usual', 'busy', 'noisy']);
    expect(usual + busy + noisy).toBeGreaterThan(1_000);
    expect(usual).toBeGreaterThan(busy);
    expect(busy).toBeGreaterThan(noisy);
    expect(noisy).toBeGreaterThan(50);
  });

  it('gives a lone busy network what it asks for while the pod is not loaded', () => {
    const admission = createAdmission();
    let admitted = 0;
    for (let nowMs = 0; nowMs < 10_000; nowMs += 20) if (admission.take('noisy', nowMs, rate)) admitted += 1;
    expect(admitted).toBe(500);
  });

  it('gives the whole rate to busy networks, where no others ask', () => {
    const { busy } = play(['busy']);
    expect(busy).toBeGreaterThanOrEqual(1_000);
  });

  it('promises no token that it does not give', () => {
    const admission = createAdmission();
    for (let nowMs = 0; nowMs < 3_000; nowMs += 1) {
      for (const conduct of ['busy', 'noisy', 'usual'] as const) {
        expect(admission.hasOne(conduct, nowMs, rate)).toBe(admission.take(conduct, nowMs, rate));
      }
    }
  });
});
