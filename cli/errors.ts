/** The user's input can't be carried out; the message names the field and the remedy. Exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

export class ForbiddenError extends Error {
  override readonly name = 'ForbiddenError';
}

/** The check was made and failed; nothing more is printed. Exit code 1. */
export class NotWellError extends Error {
  override readonly name = 'NotWellError';
}
