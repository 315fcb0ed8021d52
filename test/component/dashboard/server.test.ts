/** The server of the dashboard on real sockets: who is answered, what is sent, and that nothing is changed. */
import { request } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { runCli } from '../../../cli/run.ts';
import { aPlan, aStatus, NOW_MS } from '../../helpers/a-status.ts';
import { type DashboardApi, startDashboardApi } from '../../helpers/dashboard-api.ts';
import { eventually } from '../../helpers/eventually.ts';

let api: DashboardApi;
let ended: AbortController;
let code: Promise<number>;
let said: string[];
let url: URL;

beforeEach(async () => {
  api = await startDashboardApi();
  [ended, said] = [new AbortController(), []];
  code = runCli(['dashboard', 'spring', '-n', 'vouchers'], {
    out: (text) => said.push(text),
    err: (text) => said.push(text),
    now: () => performance.now(),
    wallMs: () => NOW_MS,
    env: { KUBECONFIG: api.kubeconfig },
    interrupted: ended.signal,
  });
  const found = await eventually(() => /^(http:\S+)\n/.exec(said.join(''))?.[1], {
    what: 'the address',
    timeoutMs: 20_000,
  });
  url = new URL(found);
});
afterEach(async () => {
  ended.abort();
  await api.close();
  expect(await code).toBe(0);
});

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
}

const ask = (path: string, { host = url.host, method = 'GET' } = {}): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const call = request({ host: url.hostname, port: url.port, path, method, headers: { host } }, (response) => {
      let text = '';
      response.on('data', (chunk) => {
        text += String(chunk);
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }));
    });
    call.on('error', reject);
    call.end();
  });

interface Update {
  readonly parts?: Readonly<Record<string, string>>;
}

const listen = (): { readonly updates: () => readonly Update[]; readonly end: () => void } => {
  const events: string[] = [];
  const call = request({ host: url.hostname, port: url.port, path: `${url.pathname}events` }, (response) => {
    response.on('data', (chunk) => events.push(String(chunk)));
    response.on('error', () => undefined);
  });
  call.on('error', () => undefined);
  call.end();
  const updates = (): readonly Update[] =>
    events
      .join('')
      .split('\n\n')
      .flatMap((block) => /^data: (\{.*\})$/.exec(block)?.[1] ?? [])
      .map((text) => JSON.parse(text));
  return { updates, end: () => call.destroy() };
};

describe('the server of the dashboard', () => {
  it('listens on this machine only, and its address holds a secret', () => {
    expect(url.hostname).toBe('127.0.0.1');
    expect(url.pathname).toMatch(/^\/[\w-]{32}\/$/);
  });

  it.each([
    ['without the secret', () => ask('/'), 404],
    ['with a wrong secret', () => ask(`/${'A'.repeat(32)}/`), 404],
    ['with a part of it', () => ask(url.pathname.slice(0, -2)), 404],
    [
      'for another host, as a page of another origin would send it',
      () => ask(url.pathname, { host: 'evil.example' }),
      421,
    ],
    ['for another port', () => ask(url.pathname, { host: '127.0.0.1:1' }), 421],
    ['that would change something', () => ask(url.pathname, { method: 'POST' }), 405],
    ['for a file that is not of the page', () => ask(`${url.pathname}../package.json`), 404],
    ['with all of it', () => ask(url.pathname), 200],
    ['under the name localhost', () => ask(url.pathname, { host: `localhost:${url.port}` }), 200],
  ])('a request %s', async (_, send, status) => {
    const answer = await send();
    expect(answer.status).toBe(status);
    // The name of a campaign is only for those who know the address.
    if (status !== 200) expect(answer.text).not.toContain('Spring');
  });

  it('sends a policy that permits nothing inline and nothing from elsewhere', async () => {
    const { headers, text } = await ask(url.pathname);
    expect(headers['content-security-policy']).toContain("default-src 'none'; script-src 'self'; style-src 'self'");
    expect(headers['referrer-policy']).toBe('no-referrer');
    expect(text).not.toMatch(/ style="|<style|<script>| on[a-z]+="/);
    const script = await ask(`${url.pathname}page.mjs`);
    expect(script.headers['content-type']).toContain('javascript');
    expect((await ask(`${url.pathname}uplot.mjs`)).text).toContain('uPlot');
  });

  it('sends a page what has changed since its last event, and only reads from the API server', async () => {
    const { updates, end } = listen();
    const [first] = await eventually(() => updates().length > 0 && updates(), { what: 'the first event' });
    expect(first?.parts?.['figures']).toContain('11,840');
    await eventually(() => api.watches() === 2, { what: 'both watches' });
    api.addPlan(aPlan());
    api.setStatus(aStatus({ arrivalsPerSecond: 4_321 }));
    const last = await eventually(() => updates().find(({ parts }) => parts?.['figures']?.includes('4,321')), {
      what: 'the new status',
    });
    expect(last.parts?.['head']).toBeUndefined();
    expect(updates().some(({ parts }) => parts?.['needs']?.includes('kubectl voucher approve'))).toBe(true);
    expect(api.received.filter((one) => !one.startsWith('GET '))).toEqual([]);
    end();
  });

  it('says so when a watch is refused, although the other reads are answered', async () => {
    await eventually(() => api.watches() === 2, { what: 'both watches' });
    api.forbid('vouchercampaigns');
    const { updates, end } = listen();
    const stale = await eventually(() => updates().flatMap(({ parts }) => parts?.['stale'] || [])[0], {
      what: 'the age',
    });
    expect(stale).toContain('cannot list vouchercampaigns');
    end();
  });
});

describe('a wrong call', () => {
  it.each([
    [['dashboard', 'autumn', '-n', 'vouchers'], 'there is no campaign autumn'],
    [['dashboard', '--speed', '10'], '--speed needs --replay FILE'],
    [['dashboard', 'spring', '--replay', 'x'], 'leave spring out'],
    [['dashboard', '--replay', '/none.jsonl'], "--replay /none.jsonl can't be read"],
    [['dashboard', '--port', '70000'], 'Write a port'],
  ])('%j ends at once and says what is wrong', async (args, message) => {
    const out: string[] = [];
    const io = { out: (text: string) => out.push(text), err: (text: string) => out.push(text) };
    const env = { KUBECONFIG: api.kubeconfig };
    expect(await runCli(args, { ...io, now: () => 0, wallMs: () => NOW_MS, env })).toBe(2);
    expect(out.join('')).toContain(message);
  });
});
