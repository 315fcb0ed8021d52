/** JSON lines. Messages are constants; what varies goes into fields. */
import { type DestinationStream, type Logger, pino } from 'pino';

export type { Logger } from 'pino';

interface LogOptions {
  readonly level: string;
  readonly destination?: DestinationStream;
}

export const createLogger = ({ level, destination }: LogOptions): Logger =>
  pino(
    {
      level,
      base: { component: 'voucher-operator' },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      // The operator reads no Secret; these are the shapes in which a client library could put one into an error.
      redact: { paths: ['*.headers', '*.password', '*.token', 'error.cause.headers'], remove: true },
      serializers: { error: pino.stdSerializers.errWithCause },
    },
    destination ?? pino.destination(1),
  );
