import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { readJournalAccess, readOperatorConfig } from '../../../operator/config.ts';

const image = ['--app-image', 'registry.example/app@sha256:0'];

describe('readOperatorConfig', () => {
  it('needs the image alone', () => {
    expect(readOperatorConfig(image, { POD_NAME: 'operator-0', POD_NAMESPACE: 'system' })).toMatchObject({
      watchNamespaces: [],
      lease: { namespace: 'system', name: 'voucher-operator' },
      identity: expect.stringMatching(/^operator-0_[0-9a-f]{8}$/),
      build: { image: 'registry.example/app@sha256:0', site: 'default', shards: 3, journalReplicas: 3 },
      resyncMs: 600_000,
      signalsThrough: 'pods',
      port: 9090,
    });
  });

  it('takes flags over variables, and an empty variable for none', () => {
    const env = {
      VOUCHER_OPERATOR_APP_IMAGE: 'a',
      VOUCHER_OPERATOR_PORT: '1',
      VOUCHER_OPERATOR_WATCH_NAMESPACES: 'one, two',
      VOUCHER_OPERATOR_SITE: '',
      VOUCHER_OPERATOR_LEADER_ELECT: 'false',
    };
    expect(readOperatorConfig(['--port', '2'], env)).toMatchObject({
      port: 2,
      watchNamespaces: ['one', 'two'],
      lease: undefined,
      build: { image: 'a', site: 'default' },
    });
  });

  it.each<[string, readonly string[], RegExp]>([
    ['no image', [], /--app-image \(VOUCHER_OPERATOR_APP_IMAGE\) is not set/],
    ['a port that is none', [...image, '--port', '99999'], /--port \(VOUCHER_OPERATOR_PORT\) must be from 0 to 65535/],
    ['a namespace that is none', [...image, '--watch-namespaces', 'a,B_c'], /--watch-namespaces .*lower-case/],
    ['a word for a switch', [...image, '--leader-elect', 'yes'], /--leader-elect .*true or false/],
    ['a URL without a scheme', [...image, '--journal-monitor-urls', 'nats:8222 x'], /--journal-monitor-urls .*URLs/],
    ['a flag that is none', [...image, '--no-such'], /Flags: --kubeconfig/],
  ])('refuses %s and names the way out', (_, args, want) => {
    expect(() => readOperatorConfig(args, {})).toThrow(want);
  });
});

describe('readJournalAccess', () => {
  it('reads the mounted files, and names the one that is missing', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'journal-'));
    try {
      await writeFile(join(dir, 'nats-url'), 'nats://a:4222,nats://b:4222\n');
      await writeFile(join(dir, 'nats-user'), 'operator');
      await expect(readJournalAccess(dir)).rejects.toThrow(/nats-password can't be read; mount the Secret/);
      await writeFile(join(dir, 'nats-password'), 'p');
      expect(await readJournalAccess(dir)).toEqual({
        urls: ['nats://a:4222', 'nats://b:4222'],
        user: 'operator',
        password: 'p',
      });
    } finally {
      await rm(dir, { recursive: true });
    }
  });
});
