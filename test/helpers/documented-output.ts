/** Commands in documents, run again: what a document shows is what the command says today. */
import { runCli } from '../../cli/run.ts';

/** A block of console output whose first line is a command of ours; a line that ends in `\` goes on. */
const BLOCK = /```console\n(\$ npm run -s voucher -- ((?:.*\\\n)*.*)\n)[\s\S]*?```/g;

const outputOf = async (command: string): Promise<string> => {
  const [out, err]: [string[], string[]] = [[], []];
  const code = await runCli(command.replaceAll('\\\n', ' ').trim().split(/\s+/), {
    out: (text) => out.push(text),
    err: (text) => err.push(text),
    now: () => 0,
    wallMs: () => 0,
    env: {},
  });
  if (code !== 0) throw new Error(`${command} ended with ${code}: ${err.join('')}`);
  return out.join('');
};

/** The document with every output as it is today; run in the root of the repository. */
export const withFreshOutput = async (document: string): Promise<string> => {
  let fresh = document;
  for (const [block, head = '', command = ''] of document.matchAll(BLOCK)) {
    const output = await outputOf(command);
    fresh = fresh.replace(block, () => `\`\`\`console\n${head}${output}\`\`\``);
  }
  return fresh;
};
