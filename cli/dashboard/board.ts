/** The present frame and the history behind it: what every page is made from. */
import type { Look } from './format.ts';
import { type Frame, isStale } from './frame.ts';
import { type Point, pointOf, unknownPoint, withPoint, withSamples } from './history.ts';
import { type View, viewOf } from './view.ts';

export interface Board {
  take(frame: Frame): void;
  /** @throws Error before the first frame */
  view(look: Look): View;
}

export const createBoard = (): Board => {
  let frame: Frame | undefined;
  let points: readonly Point[] = [];
  /** Of the present frame; pages of one look share it. */
  const views = new Map<string, View>();
  return {
    take(next) {
      frame = next;
      views.clear();
      const { report, citizens, source } = next;
      const point = isStale(source) ? unknownPoint(report.nowMs) : pointOf(report, citizens);
      points = withSamples(withPoint(points, point), report.decisions);
    },
    view(look) {
      if (frame === undefined) throw new Error('nothing was read yet');
      const key = JSON.stringify(look);
      const view = views.get(key) ?? viewOf(frame, points, look);
      views.set(key, view);
      return view;
    },
  };
};
