import { describe, expect, it } from '@jest/globals';
import { METRICS } from '../../../contract/app-contract.ts';
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
  readonly inFlight?: number;
}

const pageOf = ({ pod = 'a', startedAtMs = T0, ...counters }: Page, atMs = T0 + 1_000) => ({
  pod,
  startedAtMs,
  sourceAtMs: atMs,
  queue: { tickets: 0, turns: 0, lastNumber: 0, accepted: 0, inFlight: 0, ...counters },
});

describe('what pods report about the waiting room', () => {
  it('adds up over pods', () => {
    const counts = new QueueCounts();
    counts.add([pageOf({ tickets: 10, lastNumber: 10 }), pageOf({ pod: 'b', tickets: 5, lastNumber: 30 })], T0);
    expect(counts.add([pageOf({ tickets: 15, turns: 4, lastNumber: 15 })], T0 + 1_000)).toEqual({
      tickets: 20,
      turns: 4,
      accepted: 0,
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
      accepted: 0,
      highest: 90,
    });
  });

  it('is nothing where no pod has a waiting room', () => {
    const { queue: _none, ...old } = pageOf({});
    expect(new QueueCounts().add([old], T0)).toBeUndefined();
  });

  it('knows how long registrations wait for the journal, from those in flight and those accepted', () => {
    const counts = new QueueCounts();
    const look = (accepted: number, inFlight: number, atMs: number) =>
      counts.add([pageOf({ accepted, inFlight })], T0 + atMs)?.answerSeconds;
    look(0, 200, 0);
    expect(look(10, 200, 1_000)).toBeUndefined();
    expect(look(2_000, 200, 2_000)).toBeCloseTo(0.2);
    // The first seconds are forgotten.
    expect(look(3_000, 10, 7_000)).toBeCloseTo((((200 + 10) / 2) * 5) / 1_000);
    expect(look(3_010, 10, 12_001)).toBeUndefined();
  });

  it('is read from a page', () => {
    const page = [
      'voucher_queue_tickets_total 12',
      'voucher_queue_turns_total 3',
      'voucher_queue_last_number 912',
      'voucher_intake_arrivals_total{outcome="shed"} 400',
      'voucher_intake_arrivals_total{outcome="accepted"} 30',
      'voucher_intake_in_flight_requests 4',
      '',
    ].join('\n');
    const names = [...WAITING_ROOM_METRICS, METRICS.intakeArrivals];
    expect(queueSampleOf(parseMetrics(page, names))).toEqual({
      tickets: 12,
      turns: 3,
      lastNumber: 912,
      accepted: 30,
      inFlight: 4,
    });
    expect(queueSampleOf(parseMetrics('voucher_queue_last_number 0\n', names))).toBeUndefined();
  });
});
