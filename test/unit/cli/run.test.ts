import { describe, expect, it } from '@jest/globals';
import { runCli } from '../../../cli/run.ts';

const run = async (...args: readonly string[]) => {
  let text = '';
  const say = (more: string): void => {
    text += more;
  };
  const io = { out: say, err: say, now: () => 0, wallMs: () => 0, env: { KUBECONFIG: '/no/such/kubeconfig' } };
  return { code: await runCli(args, io), text };
};

describe('kubectl voucher', () => {
  it('names the subcommands of a group in its help', async () => {
    const { text } = await run('--help');
    expect(text).toMatch(/^ {2}plan show +one plan/m);
    expect(text).toMatch(/^ {2}contingency list\|start\|stop /m);
    expect(text).toMatch(/^ {2}approve \[options\] \[plan\] /m);
  });

  it('takes "plan NAME" for "plan show NAME", and says that the name is missing', async () => {
    expect(await run('plan', 'a-plan')).toEqual({ code: 2, text: expect.stringContaining('/no/such/kubeconfig') });
    expect(await run('plan')).toEqual({ code: 2, text: expect.stringContaining("missing required argument 'plan'") });
  });
});
