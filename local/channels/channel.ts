/** One local channel: its books, its protocol, and what a test can command by POST. */
import { z } from 'zod';
import type { Channel } from '../../contract/envelope.ts';
import { parseUntrusted } from '../../contract/untrusted.ts';
import { createAlipay } from './alipay.ts';
import { redeem, redeemBody } from './callbacks.ts';
import type { NamedKey, ServerKeys } from './keys.ts';
import { type Ledger, openLedger, type SendRequest } from './ledger.ts';
import { createLoginCodes, type LoginCodes } from './login.ts';
import { type ChannelProtocol, type ChannelSettings, plainChinaTime } from './protocol.ts';
import { createStocks, stockChange } from './stocks.ts';
import { createUnionpay } from './unionpay.ts';
import { createWechat } from './wechat.ts';
import { WECHAT_SIGNERS, type WechatSigner } from './wechat-messages.ts';

/** Undefined: the body is not one of this command. */
export type Control = (body: Buffer, signal: AbortSignal) => Promise<object | undefined> | object | undefined;

export interface OpenChannel {
  readonly protocol: ChannelProtocol;
  readonly codes: LoginCodes;
  /** By path. */
  readonly controls: Readonly<Record<string, Control>>;
  close(): void;
}

const couponOf: Readonly<Record<Channel, (n: number, request: SendRequest, atMs: number) => string>> = {
  wechat: (n) => String(10_000_000_000 + n),
  alipay: (n, _request, atMs) =>
    `${plainChinaTime(atMs).slice(0, 10).replaceAll('-', '')}00073002${String(n).padStart(12, '0')}`,
  unionpay: (_n, { request }) => request,
};

/** A command with a body of this shape. */
const control =
  <T>(
    schema: z.ZodType<T>,
    run: (body: T, signal: AbortSignal) => Promise<object | undefined> | object | undefined,
  ): Control =>
  (body, signal) => {
    const read = parseUntrusted(schema, body);
    return read === undefined ? undefined : run(read, signal);
  };

const signerBody = z.strictObject({ signer: z.enum(WECHAT_SIGNERS) });
const codeBody = z.strictObject({ account: z.string().min(1) });

export const openChannel = async (
  settings: ChannelSettings,
  { keys, booksDir, nowMs }: { keys: ServerKeys; booksDir: string; nowMs: () => number },
): Promise<OpenChannel> => {
  const { channel, absent, limited, merchant } = settings;
  const stocks = createStocks(settings.stocks);
  const codes = createLoginCodes();
  const shares = { absent, limited };
  const ledger: Ledger = await openLedger({ channel, booksDir, stocks, shares, couponOf: couponOf[channel] });
  const world = { settings, ledger, stocks, codes };
  const common: Record<string, Control> = {
    '/_stocks': control(stockChange, (change) => (stocks.change(change) ? {} : undefined)),
    '/_code': control(codeBody, ({ account }) => ({ code: codes.issue(account, nowMs()) })),
  };
  const opened = (protocol: ChannelProtocol, own: Record<string, Control> = {}): OpenChannel => ({
    protocol,
    codes,
    controls: { ...common, ...own },
    close: () => ledger.close(),
  });
  switch (channel) {
    case 'wechat': {
      let current: WechatSigner = 'publicKey';
      let isCertificate = false;
      const signer = (): NamedKey => {
        isCertificate = current === 'both' ? !isCertificate : current === 'certificate';
        return isCertificate ? keys.wechat.certificate : keys.wechat.publicKey;
      };
      const callbacks = { keys: keys.wechat, merchant, ledger, stocks, nowMs, signer };
      return opened(createWechat({ ...world, keys: keys.wechat, signer }), {
        '/_signing': control(signerBody, (wanted) => {
          current = wanted.signer;
          return {};
        }),
        '/_redeem': control(redeemBody, (wanted, signal) => redeem(callbacks, wanted, signal)),
      });
    }
    case 'alipay':
      return opened(createAlipay({ ...world, keys: keys.alipay }));
    case 'unionpay': {
      const unionpay = createUnionpay({ ...world, keys: keys.unionpay });
      return opened(unionpay, {
        '/_expireTokens': () => {
          unionpay.expireTokens();
          return {};
        },
      });
    }
  }
};
