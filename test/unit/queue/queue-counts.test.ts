import { describe, expect, it } from '@jest/globals';
import { QueueCounts, queueSampleOf, WAITING_ROOM_METRICS } from '../../../operator/queue/queue-counts.ts';
import { parseMetrics } from '../../../operator/signals/metrics-text.ts';

const T0 = 1_000_000_000;

interface Page {
  readonly pod?: string;
  readonly startedAtMs?: number;
  readonly tickets?: number;
  readonly turns?: number;
  readonly lastNumber?: number;
  readonly accepted?: number;
  readonly acceptedSeconds?: number;
}

const pageOf = ({ pod = 'a', startedAtMs = T0, ...counters }: Page, atMs = T0 + 1_000) => ({
  pod,
  startedAtMs,
  sourceAtMs: atMs,
  queue: { tickets: 0, turns: 0, lastNumber: 0, accepted: 0, acceptedSeconds: 0, ...counters },
});

describe('what pods report about the waiting room', () => {
  it('adds up over pods', () => {
    const counts = new QueueCounts();
    counts.add([pageOf({ tickets: 10, lastNumber: 10 }), pageOf({ pod: 'b', tickets: 5, lastNumber: 30 })], T0);
    expect(counts.add([pageOf({ tickets: 15, turns: 4, lastNumber: 15 })], T0 + 1_000)).toEqual({
      tickets: 20,
      turns: 4,
      highest: 30,
    });
  });

  it('loses nothing when a pod restarts, and counts nothing twice', () => {
    const counts = new QueueCounts();
    counts.add([pageOf({ tickets: 100 })], T0);
    counts.add([pageOf({ tickets: 7, startedAtMs: T0 + 500 })], T0 + 1_000);
    expect(counts.add([pageOf({ tickets: 9, startedAtMs: T0 + 500 })], T0 + 2_000)?.tickets).toBe(109);
  });

  it('counts an old page as nothing, and what it lacked with the next one', () => {
    const counts = new QueueCounts();
    counts.add([pageOf({ tickets: 100 })], T0);
    counts.add([pageOf({ tickets: 60 })], T0 + 1_000);
    expect(counts.add([pageOf({ tickets: 120 })], T0 + 2_000)?.tickets).toBe(120);
  });

  it('leaves to the predecessor what an older pod counted before it was first seen', () => {
    const counts = new QueueCounts();
    expect(counts.add([pageOf({ tickets: 100, lastNumber: 90 }, T0 + 60_000)], T0)).toEqual({
      tickets: 0,
      turns: 0,
      highest: 90,
    });
  });

  it('is nothing where no pod has a waiting room', () => {
    const { queue: _none, ...old } = pageOf({});
    expect(new QueueCounts().add([old], T0)).toBeUndefined();
  });

  it('has a mean answer of the last seconds, of enough answers', () => {
    const counts = new QueueCounts();
    counts.add([pageOf({ accepted: 10, acceptedSeconds: 1 })], T0);
    const mean = (accepted: number, acceptedSeconds: number, atMs: number) =>
      counts.add([pageOf({ accepted, acceptedSeconds })], atMs)?.answerSeconds;
    expect(mean(15, 1.5, T0 + 1_000)).toBeUndefined();
    expect(mean(40, 16, T0 + 2_000)).toBeCloseTo(0.4);
    expect(mean(140, 17, T0 + 7_500)).toBeCloseTo(0.01);
  });

  it('is read from a page', () => {
    const page = [
      'voucher_queue_tickets_total 12',
      'voucher_queue_turns_total 3',
      'voucher_queue_last_number 912',
      'voucher_intake_answer_seconds_sum{outcome="shed"} 4',
      'voucher_intake_answer_seconds_count{outcome="shed"} 400',
      'voucher_intake_answer_seconds_sum{outcome="accepted"} 1.5',
      'voucher_intake_answer_seconds_count{outcome="accepted"} 30',
      '',
    ].join('\n');
    expect(queueSampleOf(parseMetrics(page, WAITING_ROOM_METRICS))).toEqual({
      tickets: 12,
      turns: 3,
      lastNumber: 912,
      accepted: 30,
      acceptedSeconds: 1.5,
    });
    expect(queueSampleOf(parseMetrics('voucher_queue_last_number 0\n', WAITING_ROOM_METRICS))).toBeUndefined();
  });
});
