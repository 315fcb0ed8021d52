import { afterEach, describe, expect, it } from '@jest/globals';
import { chainFrom } from '../../../app/draw/sources/drand.ts';
import { readRound } from '../../../app/draw/sources/relays.ts';
import { createLocalChain } from '../../../local/drand/chain.ts';
import { RELAY_FAULTS, type RelayFault, type RelayServer, startRelay } from '../../../local/drand/relay.ts';

const local = createLocalChain({ seed: 'relays', genesisSeconds: 1_700_000_000 });
const chain = chainFrom(local.info);
const nowMs = (): number => (1_700_000_000 + 30) * 1_000;
const never = new AbortController().signal;

const started: RelayServer[] = [];
const relay = async (fault?: RelayFault): Promise<string> => {
  const server = await startRelay(local, { nowMs });
  server.setFault(fault);
  started.push(server);
  return server.url;
};
afterEach(async () => {
  for (const server of started.splice(0)) await server.close();
});

const PROBLEMS: Readonly<Record<RelayFault, RegExp>> = {
  down: /^status 503$/,
  hang: /^no answer within 300 ms$/,
  garbage: /no round of drand/,
  huge: /^the answer can’t be read$/,
  other: /^the answer is round 8, not 7$/,
  forged: /^the signature is not that of round 7/,
  random: /^the randomness is not/,
  redirect: /^status 302$/,
};

describe('reading a round from relays', () => {
  it('takes a verified one', async () => {
    const url = await relay();
    const { found } = await readRound(chain, 7, { relays: [url] }, never);
    expect(found).toEqual({ ...local.sign(7), relay: url });
  });

  it('takes the verified one, whatever all others answer, and names them', async () => {
    const bad = await Promise.all(RELAY_FAULTS.map((fault) => relay(fault)));
    const relays = [...bad, 'http://127.0.0.1:1', await relay()];
    const { found } = await readRound(chain, 7, { relays, withinMs: 30_000 }, never);
    expect(found).toMatchObject(local.sign(7));
  });

  it.each(RELAY_FAULTS)('names a relay with the fault %s', async (fault) => {
    const url = await relay(fault);
    // Only an answer that never comes may take long to be given up.
    const withinMs = fault === 'hang' ? 300 : 60_000;
    const { found, problems } = await readRound(chain, 7, { relays: [url], withinMs }, never);
    expect(found).toBeUndefined();
    expect(problems).toEqual([{ relay: url, problem: expect.stringMatching(PROBLEMS[fault]) }]);
  });

  it('names a relay that cannot be reached, and a round that is not there yet', async () => {
    const relays = ['http://127.0.0.1:1', await relay()];
    const { found, problems } = await readRound(chain, 12, { relays }, never);
    expect(found).toBeUndefined();
    expect(problems.map(({ problem }) => problem).sort()).toEqual(['connection failed: ECONNREFUSED', 'status 425']);
  });

  it('has no round without relays', async () => {
    expect(await readRound(chain, 7, { relays: [] }, never)).toEqual({ problems: [] });
  });

  it('ends with its signal', async () => {
    const stop = new AbortController();
    const reading = readRound(chain, 7, { relays: [await relay('hang')] }, stop.signal);
    stop.abort(new Error('stopped'));
    await expect(reading).rejects.toThrow('stopped');
  });
});
