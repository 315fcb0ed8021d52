#!/usr/bin/env node
/** The executable `kubectl-voucher`, found by kubectl as `kubectl voucher`. */
import { runCli } from './run.ts';
import { processTerminal } from './terminal.ts';

const ended = new AbortController();
// The reader of a pipe may close it (`kubectl voucher status -w | head`).
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  ended.abort();
});
const terminal = processTerminal(process.stdin, process.stdout, process.env);

process.exitCode = await runCli(process.argv.slice(2), {
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
  now: () => performance.now(),
  wallMs: () => Date.now(),
  env: process.env,
  interrupted: ended.signal,
  ...(terminal === undefined ? {} : { terminal }),
});
