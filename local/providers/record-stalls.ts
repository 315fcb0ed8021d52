/**
 * Preloaded with `--import` into a process, with `?dir=<folder>`: writes when this process did not run for more than 50 ms, into
 * `<folder>/<pid>.jsonl`. What such a process had to send is sent late.
 */
import { appendFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const LOOK_EVERY_MS = 10;
const STALL_MS = 50;

const dir = new URL(import.meta.url).searchParams.get('dir');
if (dir === null) throw new Error(`${fileURLToPath(import.meta.url)} needs ?dir=<folder>`);
let lookedAtMs = performance.now();
setInterval(() => {
  const nowMs = performance.now();
  const ms = nowMs - lookedAtMs - LOOK_EVERY_MS;
  lookedAtMs = nowMs;
  if (ms <= STALL_MS) return;
  const stall = { of: process.env['POD_NAME'] ?? String(process.pid), atMs: Date.now() - ms, ms: Math.round(ms) };
  appendFileSync(`${dir}/${process.pid}.jsonl`, `${JSON.stringify(stall)}\n`);
}, LOOK_EVERY_MS).unref();
