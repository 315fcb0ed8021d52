#!/usr/bin/env node
/** The executable `kubectl-voucher`, found by kubectl as `kubectl voucher`. */
import { runCli } from './run.ts';

process.exitCode = await runCli(process.argv.slice(2), {
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
  now: () => performance.now(),
  wallMs: () => Date.now(),
  env: process.env,
});
