import { Command, CommanderError, Help } from 'commander';
import { auditCommand } from './audit/audit.ts';
import { reconcileCommand } from './books/reconcile.ts';
import { campaignCommand } from './campaign/clone.ts';
import { consistencyCommand } from './consistency/consistency.ts';
import { contingencyCommand } from './contingency/contingency.ts';
import { pauseCommand, resumeCommand } from './contingency/pause.ts';
import { dashboardCommand } from './dashboard/dashboard.ts';
import { doctorCommand } from './doctor/doctor.ts';
import { drawCommand } from './draw/draw.ts';
import { NotWellError, UsageError } from './errors.ts';
import type { Io } from './io.ts';
import { channelCommand } from './issuance/channel.ts';
import { issueCommand } from './issuance/issue.ts';
import { loginCommand } from './login/login.ts';
import { approveCommand, rejectCommand, revokeCommand } from './plans/answer-commands.ts';
import { authorizeCommand } from './plans/authorize.ts';
import { plansCommand } from './plans/plan-list.ts';
import { planCommand } from './plans/plan-show.ts';
import { certificateCommand, destroyKeysCommand } from './privacy/destroy-keys.ts';
import { eraseCommand } from './privacy/erase.ts';
import { reviewCommand } from './review/review.ts';
import { simulateCommand } from './simulate/simulate.ts';
import { statusCommand } from './status/status.ts';
import { whyCommand } from './status/why.ts';

/** `contingency list|start|stop`: without this, the help names a group without its subcommands. */
const subcommandTerm = (command: Command): string =>
  command.commands.length === 0
    ? new Help().subcommandTerm(command)
    : `${command.name()} ${command.commands.map((one) => one.name()).join('|')}`;

/**
 * | exit code | meaning                                               |
 * |-----------|-------------------------------------------------------|
 * | 0         | done                                                  |
 * | 2         | the call or a file is wrong; the message gives the remedy |
 * | 1         | everything else; doctor: something FAILs; draw: something is wrong |
 */
export const runCli = async (args: readonly string[], io: Io): Promise<number> => {
  const program = new Command('kubectl-voucher')
    .description('observe and control voucher campaigns')
    .configureHelp({ subcommandTerm })
    .addCommand(statusCommand(io))
    .addCommand(dashboardCommand(io))
    .addCommand(doctorCommand(io))
    .addCommand(whyCommand(io))
    .addCommand(plansCommand(io))
    .addCommand(planCommand(io))
    .addCommand(approveCommand(io))
    .addCommand(rejectCommand(io))
    .addCommand(revokeCommand(io))
    .addCommand(authorizeCommand(io))
    .addCommand(consistencyCommand(io))
    .addCommand(reconcileCommand(io))
    .addCommand(campaignCommand(io))
    .addCommand(reviewCommand(io))
    .addCommand(auditCommand(io))
    .addCommand(pauseCommand(io))
    .addCommand(resumeCommand(io))
    .addCommand(contingencyCommand(io))
    .addCommand(drawCommand(io))
    .addCommand(issueCommand(io))
    .addCommand(channelCommand(io))
    .addCommand(loginCommand(io))
    .addCommand(eraseCommand(io))
    .addCommand(destroyKeysCommand(io))
    .addCommand(certificateCommand(io))
    .addCommand(simulateCommand(io));
  for (const command of [program, ...program.commands, ...program.commands.flatMap(({ commands }) => commands)]) {
    command
      .exitOverride()
      .showHelpAfterError('(--help shows every option)')
      .configureOutput({ writeOut: io.out, writeErr: io.err });
  }
  try {
    await program.parseAsync([...args], { from: 'user' });
    return 0;
  } catch (error) {
    // Help was shown, or commander has printed the error.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (error instanceof NotWellError) return 1;
    io.err(`error: ${error instanceof Error ? error.message : String(error)}\n`);
    return error instanceof UsageError ? 2 : 1;
  }
};
