/**
 * What is shed first while this process is loaded. Pure.
 *
 * | class    | requests                          | most at once | shed when the event loop is late by |
 * |----------|-----------------------------------|--------------|------|
 * | write    | registrations, changes, logins    | learned (concurrency-limit.ts) | 300 ms |
 * | status   | a registration by its receipt     | 128          | 250 ms |
 * | poll     | the queue, campaign and draw      | 64           | 200 ms |
 * | ticket   | new places in the queue           | 64           | 150 ms |
 * | static   | pages and documents               | 32           | 100 ms |
 *
 * A class has its own places, so a flood of one does not shed the others; only the event loop is shared. A busy network (app/limits/limits.ts) gets
 * half of the places and three quarters of the delay, a noisy one a quarter and a half.
 */
export type RequestClass = 'write' | 'status' | 'poll' | 'ticket' | 'static';
/** How a network behaves (app/limits/limits.ts). */
export type Conduct = 'usual' | 'busy' | 'noisy';

export const CLASSES: Readonly<Record<RequestClass, { readonly most: number; readonly lateMs: number }>> = {
  write: { most: Number.POSITIVE_INFINITY, lateMs: 300 },
  status: { most: 128, lateMs: 250 },
  poll: { most: 64, lateMs: 200 },
  ticket: { most: 64, lateMs: 150 },
  static: { most: 32, lateMs: 100 },
};

const PARTS: Readonly<Record<Conduct, { readonly places: number; readonly late: number }>> = {
  usual: { places: 1, late: 1 },
  busy: { places: 0.5, late: 0.75 },
  noisy: { places: 0.25, late: 0.5 },
};

export interface Load {
  /** Requests of the class under way. */
  readonly inFlight: number;
  /** Learned, of writes. */
  readonly writes: number;
  /** Delay of the event loop. */
  readonly lateMs: number;
}

export const isShed = (of: RequestClass, conduct: Conduct, { inFlight, writes, lateMs }: Load): boolean => {
  const most = of === 'write' ? writes : CLASSES[of].most;
  const { places, late } = PARTS[conduct];
  return inFlight >= Math.max(1, most * places) || lateMs > CLASSES[of].lateMs * late;
};
