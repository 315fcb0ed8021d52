/** `kubectl voucher draw`: the draw, and how anyone checks it. */
import { Command } from 'commander';
import type { Io } from '../io.ts';
import { checkCommand } from './check.ts';
import { runCommand } from './run.ts';
import { verifyCommand } from './verify.ts';

export const drawCommand = (io: Io): Command =>
  new Command('draw')
    .description('verify a draw, check a receipt in it, or draw from a file')
    .addCommand(verifyCommand(io))
    .addCommand(checkCommand(io))
    .addCommand(runCommand(io));
