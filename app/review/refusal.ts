import { REVIEW_REFUSALS, type ReviewRefusal } from '../../contract/review.ts';

/** A request of a reviewer that is refused; the message says what to do. No personal data. */
export class ReviewError extends Error {
  override readonly name = 'ReviewError';
  readonly refusal: ReviewRefusal;

  constructor(refusal: ReviewRefusal, message: string, options?: ErrorOptions) {
    super(message, options);
    this.refusal = refusal;
  }

  /** As the API server's own errors, so that every client reads it. */
  get answer(): { readonly status: number; readonly body: object } {
    const code = REVIEW_REFUSALS[this.refusal];
    const { message } = this;
    return {
      status: code,
      body: { kind: 'Status', apiVersion: 'v1', status: 'Failure', code, reason: this.refusal, message },
    };
  }
}
