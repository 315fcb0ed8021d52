/** `kubectl voucher` as a user of this kubeconfig runs it. */
import { runCli } from '../../cli/run.ts';

export interface VoucherAnswer {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export const runVoucher = async (args: readonly string[], kubeconfig: string): Promise<VoucherAnswer> => {
  const [out, err]: [string[], string[]] = [[], []];
  const code = await runCli(args, {
    out: (text) => out.push(text),
    err: (text) => err.push(text),
    now: () => performance.now(),
    wallMs: () => Date.now(),
    env: { KUBECONFIG: kubeconfig },
  });
  return { code, out: out.join(''), err: err.join('') };
};
