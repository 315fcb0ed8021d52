import { afterEach, describe, expect, it } from '@jest/globals';
import { ConfigError } from '../../../../app/config.ts';
import { type ChannelSpec, createChannel } from '../../../../app/outside/channels/channels.ts';
import { CHANNEL_KEYS } from '../../../../contract/outside/issuance.ts';
import {
  API_V3_KEY,
  type KeysDir,
  keysDirOf,
  MERCHANT,
  newChannelKeys,
} from '../../../helpers/channels/channel-keys.ts';
import { FakeClock } from '../../../helpers/fake-clock.ts';

const keys = newChannelKeys();
const { wechat, alipay, unionpay } = CHANNEL_KEYS;
const spec = (name: ChannelSpec['name']): ChannelSpec => ({ name, merchant: MERCHANT, appId: 'wx1' });

let dirs: KeysDir[] = [];
afterEach(async () => {
  for (const dir of dirs) await dir.remove();
  dirs = [];
});

const create = async (name: ChannelSpec['name'], files: Record<string, string | undefined> = {}) => {
  const all = Object.entries({ ...keys.files, ...files }).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  );
  const dir = await keysDirOf(Object.fromEntries(all));
  dirs.push(dir);
  return createChannel(spec(name), { keysDir: dir.path, clock: new FakeClock() });
};

describe('keys of a channel', () => {
  it.each(['wechat', 'alipay', 'unionpay'] as const)('of %s are read', async (name) => {
    expect((await create(name)).channel).toBe(name);
  });

  it('of WeChat Pay are enough with a public key or with certificates', async () => {
    await create('wechat', { [wechat.certificates]: undefined });
    await create('wechat', { [wechat.publicKey]: undefined, [wechat.publicKeyId]: undefined });
  });

  it('of Alipay may be without the lines of PEM', async () => {
    const bare = (pem: string): string => pem.replaceAll(/-----[^-]+-----|\s/g, '');
    await create('alipay', {
      [alipay.privateKey]: bare(keys.app.privatePem),
      [alipay.publicKey]: bare(keys.alipay.publicPem),
    });
  });

  const problems: Record<string, readonly [ChannelSpec['name'], Record<string, string | undefined>, message: string]> =
    {
      'a missing private key': [
        'wechat',
        { [wechat.privateKey]: undefined },
        "wechat.private-key.pem can't be read; add the key wechat.private-key.pem to the Secret that spec.issuance.secretName names",
      ],
      'an empty serial': ['wechat', { [wechat.serial]: '\n' }, 'wechat.serial is empty'],
      'neither public key nor certificates': [
        'wechat',
        { [wechat.publicKey]: undefined, [wechat.certificates]: undefined },
        'neither wechat.public-key.pem nor wechat.certificates.pem',
      ],
      'a public key without its id': ['wechat', { [wechat.publicKeyId]: undefined }, 'wechat.public-key-id'],
      'a short APIv3 key': [
        'wechat',
        { [wechat.apiV3Key]: API_V3_KEY.slice(1) },
        'wechat.api-v3-key must have 32 characters',
      ],
      'a private key that is none': [
        'wechat',
        { [wechat.privateKey]: 'top-secret' },
        'wechat.private-key.pem is not a private key',
      ],
      'a private key as public key': [
        'alipay',
        { [alipay.publicKey]: keys.app.privatePem },
        'alipay.public-key.pem is not a public key',
      ],
      'certificates that are none': [
        'wechat',
        { [wechat.certificates]: keys.platform.publicPem },
        'wechat.certificates.pem is not a list of certificates',
      ],
      'a missing secret': ['unionpay', { [unionpay.secret]: undefined }, "unionpay.secret can't be read"],
    };
  it.each(Object.entries(problems))(
    'with %s are refused, by file and remedy',
    async (_what, [name, files, message]) => {
      const failed = create(name, files);
      await expect(failed).rejects.toThrow(ConfigError);
      await expect(failed).rejects.toThrow(message);
      await expect(failed).rejects.not.toThrow('top-secret');
    },
  );
});
