/** What the user did or gave can't be carried out; the message names the field and the remedy. Exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** The API server does not let the user do this; the message says which role does. */
export class ForbiddenError extends Error {
  override readonly name = 'ForbiddenError';
}

/** What was asked has been answered, and the answer is no. Nothing more is to be said. Exit code 1. */
export class NotWellError extends Error {
  override readonly name = 'NotWellError';
}
