/** `kubectl voucher draw`: the draw, and how anyone checks it. */
import { Command } from 'commander';
import type { Io } from '../io.ts';
import { checkCommand } from './check.ts';
import { commitCommand, sourceCommand } from './commands.ts';
import { promoteCommand } from './promote.ts';
import { runCommand } from './run.ts';
import { showCommand } from './show.ts';
import { verifyCommand } from './verify.ts';

export const drawCommand = (io: Io): Command =>
  new Command('draw')
    .description('the draw of a campaign; verify a draw, check a receipt in it, or draw from a file')
    .addCommand(showCommand(io))
    .addCommand(commitCommand(io))
    .addCommand(sourceCommand(io))
    .addCommand(promoteCommand(io))
    .addCommand(verifyCommand(io))
    .addCommand(checkCommand(io))
    .addCommand(runCommand(io));
