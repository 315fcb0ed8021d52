/** What ended a wait. */

/** The other side did not answer in time; whether it did the work is unknown. */
export class DeadlineError extends Error {
  override readonly name = 'DeadlineError';
  readonly kind = 'deadline';
  readonly deadlineMs: number;

  constructor(deadlineMs: number) {
    super(`no answer within ${deadlineMs} ms`);
    this.deadlineMs = deadlineMs;
  }
}
