/** Prints how people see an outage, and writes it to a file for `npm run evidence -- outages`. */
import { appendFileSync } from 'node:fs';

/** Of the environment: a file that gets a line of JSON for each outage. */
export const OUTAGES_FILE = 'VOUCHER_OUTAGES_FILE';

/** @param line of the issue and case, such as `22: a nats-server can't write` */
export const shown = (name: string, seen: object): void => {
  process.stderr.write(`${name} ${JSON.stringify(seen, undefined, 2)}\n`);
  const file = process.env[OUTAGES_FILE];
  if (file !== undefined) appendFileSync(file, `${JSON.stringify({ name, ...seen })}\n`);
};
