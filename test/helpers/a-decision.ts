/** A decision about the intake during the flood; a test sets only what differs. */
import type { DecisionRecord } from '../../operator/history/decision-record.ts';

export const FLOOD_AT_MS = Date.parse('2020-09-25T12:00:04.000Z');

/** @param seconds after 20:00:04 in Chengdu */
export const instantAt = (seconds: number): string => new Date(FLOOD_AT_MS + seconds * 1000).toISOString();

/** 11,840/s at 1,020/s a replica and 75 % need 15.48; 12 are authorised. */
export const aDecision = (seconds: number, changes: Partial<DecisionRecord> = {}): DecisionRecord => ({
  at: instantAt(seconds),
  desired: 12,
  ready: 10,
  limitedBy: 'Ceiling',
  wanted: 16,
  min: 2,
  max: 600,
  ceiling: 12,
  mode: 'Auto',
  terms: { feedForward: 15.48, drain: 0, lateness: 0, scheduleFloor: 0 },
  evidence: {
    arrivalsPerSecond: 11_840,
    excess: 0,
    excessAhead: 0,
    capacityPerReplica: 1_020,
    startSeconds: 4,
    targetUtilisation: 0.75,
  },
  signals: { arrivals: { kind: 'fresh', ageSeconds: 0.3 } },
  preWarm: 'FloorReady',
  ...changes,
});
