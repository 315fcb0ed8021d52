/** JSON lines on standard output. Messages are constants; fields contain receipts at most, never personal data. */
import { type DestinationStream, type Logger, pino } from 'pino';

export type { Logger } from 'pino';

/** Second protection: members with these names are never logged. */
const NEVER = 'name idNumber phone body headers sealed receiptSecret password connectionString'.split(' ');

/** Third protection, for values under another name: what could be an identity number or a phone. */
const NUMBERS = /(?<!\d)(?:[1-9]\d{16}[\dXx]|1[3-9]\d{9})(?!\d)/g;

export interface LoggedError {
  readonly type: string;
  readonly message: string;
  readonly cause?: LoggedError;
}

const member = (value: object, key: string): unknown => (key in value ? Reflect.get(value, key) : undefined);

/** Name of its class, never a member `name`, which could be a person's. */
const typeOf = (thrown: unknown): string => {
  if (thrown instanceof Error) return thrown.name;
  if (typeof thrown !== 'object' || thrown === null) return typeof thrown;
  const made: unknown = Reflect.get(thrown, 'constructor');
  return typeof made === 'function' && made.name !== '' ? made.name : 'object';
};

const textOf = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : typeof value === 'number' ? String(value) : undefined;

/**
 * The message of what was thrown; nothing else of it, because it may contain personal data.
 *
 * | thrown                                        | message                               |
 * |-----------------------------------------------|---------------------------------------|
 * | an Error, an ErrorEvent, an Error of another realm | its message                      |
 * | an AggregateError of a host with two addresses | that of the first error inside |
 * | `{code: 'ECONNREFUSED'}`, an Error without a message | code ECONNREFUSED              |
 * | `'the journal is not connected'`, undefined, 7 | the text, undefined, 7               |
 * | `{}`                                          | no message                            |
 */
const messageOf = (thrown: unknown): string => {
  if (typeof thrown !== 'object' || thrown === null) return String(thrown);
  const message = textOf(member(thrown, 'message'));
  if (message !== undefined) return message;
  const inside = member(thrown, 'errors');
  const first = Array.isArray(inside) ? textOf(inside[0]?.message) : undefined;
  if (first !== undefined) return first;
  const code = textOf(member(thrown, 'code'));
  return code === undefined ? 'no message' : `code ${code}`;
};

/** For errors of our own steps, such as connecting or reading keys; never for errors of a request. */
export const loggedError = (error: unknown, depth = 3): LoggedError => {
  const cause = error instanceof Error && depth > 0 ? error.cause : undefined;
  return {
    type: typeOf(error),
    message: messageOf(error),
    ...(cause === undefined ? {} : { cause: loggedError(cause, depth - 1) }),
  };
};

export const createLog = (
  level: string,
  base: Readonly<Record<string, string>>,
  destination: DestinationStream = pino.destination(1),
): Logger =>
  pino(
    {
      level,
      base,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: NEVER.flatMap((key) => [key, `*.${key}`, `*.*.${key}`]), remove: true },
      serializers: { error: (error: unknown) => loggedError(error) },
      hooks: { streamWrite: (line) => line.replace(NUMBERS, '***') },
    },
    destination,
  );

/** For an error whose message may repeat a request: its class and where it was thrown. */
export const anonymousError = (error: unknown): Readonly<Record<string, string>> => {
  if (!(error instanceof Error)) return { errorType: typeOf(error) };
  // The stack begins with the message, which may contain lines that look like frames.
  const { stack = '', message } = error;
  const start = stack.indexOf(message);
  const frames = (start < 0 ? '' : stack.slice(start + message.length))
    .split('\n')
    .filter((line) => line.startsWith('    at '));
  return {
    errorType: error.name,
    at: frames
      .slice(0, 4)
      .map((line) => line.trim())
      .join(' < '),
  };
};
