/** JSON lines on standard output. Messages are constants; fields carry receipts at most, never personal data. */
import { type Logger, pino } from 'pino';

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

export const createLog = (level: string, base: Readonly<Record<string, string>>): Logger =>
  pino(
    {
      level,
      base,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: NEVER.flatMap((key) => [key, `*.${key}`]), remove: true },
    },
    pino.destination({ dest: 1, sync: false }),
  );

/** What may be told of an error whose message may repeat a request: its class and where it was thrown. */
export const anonymousError = (error: unknown): Readonly<Record<string, string>> => {
  if (!(error instanceof Error)) return { errorType: typeof error };
  const frames = (error.stack ?? '').split('\n').filter((line) => line.trimStart().startsWith('at '));
  return {
    errorType: error.name,
    at: frames
      .slice(0, 4)
      .map((line) => line.trim())
      .join(' < '),
  };
};
