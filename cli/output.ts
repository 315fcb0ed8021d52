/** The output forms of commands: for people, and for programs. */
import type { Command } from 'commander';
import { stringify } from 'yaml';
import { oneOf } from './options.ts';

/** `wide` is the table with all columns. */
export const OUTPUTS = ['table', 'wide', 'json', 'yaml'] as const;
export type Output = (typeof OUTPUTS)[number];

export const withOutput = (command: Command): Command =>
  command.option('-o, --output <form>', OUTPUTS.join(' | '), oneOf(OUTPUTS, 'output'), 'table');

export const forPrograms = (output: Output, value: unknown): string | undefined => {
  switch (output) {
    case 'json':
      return `${JSON.stringify(value, null, 2)}\n`;
    case 'yaml':
      // Long sentences stay on their line: `grep` finds them.
      return stringify(value, { lineWidth: 0, aliasDuplicateObjects: false });
    default:
      return undefined;
  }
};
