/** A recording, played in its own pace or faster; its last second stays. */
import type { Clock } from '../../runtime/clock.ts';
import { sleep } from '../../runtime/sleep.ts';
import type { Frame, Source } from './frame.ts';
import type { RecordedFrame, Recording } from './recording.ts';

/** Smooth enough for the eye. */
const STEP_MS = 250;

export const frameOf = (
  { campaign, plans, decisions, citizens, atMs }: RecordedFrame,
  { of }: Pick<Recording, 'of'>,
  { speed, isOver }: { readonly speed: number; readonly isOver: boolean },
): Frame => ({
  report: { campaign, plans, decisions, options: {}, nowMs: atMs },
  citizens,
  source: { kind: 'replay', of, speed, isOver },
});

/** Every second of the recording becomes a frame, at any speed: the charts have all of them. */
export const createReplay = (recording: Recording, speed: number, clock: Clock): Source => ({
  async run(onFrame, signal) {
    const { frames } = recording;
    const startedAtMs = clock.monotonicMs();
    const firstAtMs = frames[0]?.atMs ?? 0;
    let next = 0;
    while (!signal.aborted && next < frames.length) {
      const untilMs = firstAtMs + (clock.monotonicMs() - startedAtMs) * speed;
      for (let due = frames[next]; due !== undefined && due.atMs <= untilMs; due = frames[next]) {
        next += 1;
        onFrame(frameOf(due, recording, { speed, isOver: next === frames.length }));
      }
      if (next < frames.length) await sleep(clock, STEP_MS, signal);
    }
  },
});
