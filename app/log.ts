/** JSON lines on standard output. Messages are constants; fields carry receipts at most, never personal data. */
import { type DestinationStream, type Logger, pino } from 'pino';

export type { Logger } from 'pino';

/** A second wall: the names under which personal data travels inside the program never reach a line. */
const NEVER = [
  'name',
  'idNumber',
  'phone',
  'body',
  'headers',
  'sealed',
  'receiptSecret',
  'password',
  'connectionString',
];

/** The wall behind that one, for the day a value travels under another name: what could be an identity number or a phone. */
const NUMBERS = /(?<!\d)(?:[1-9]\d{16}[\dXx]|1[3-9]\d{9})(?!\d)/g;

export interface LoggedError {
  readonly type: string;
  readonly message: string;
  readonly cause?: LoggedError;
}

/** For errors of our own steps, such as connecting or reading keys; never for one that a request met. */
export const loggedError = (error: unknown, depth = 3): LoggedError => {
  if (!(error instanceof Error)) return { type: typeof error, message: 'not an Error' };
  const cause = error.cause === undefined || depth === 0 ? {} : { cause: loggedError(error.cause, depth - 1) };
  return { type: error.name, message: error.message, ...cause };
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

/** What may be told of an error whose message may repeat a request: its class and where it was thrown. */
export const anonymousError = (error: unknown): Readonly<Record<string, string>> => {
  if (!(error instanceof Error)) return { errorType: typeof error };
  // The stack begins with the message, which may hold lines that look like frames.
  const { stack = '', message } = error;
  const told = stack.indexOf(message);
  const frames = (told < 0 ? '' : stack.slice(told + message.length))
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
