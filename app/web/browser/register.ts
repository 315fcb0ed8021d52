/**
 * Sends a registration until it has an answer. Every try has the same Idempotency-Key, so there is one registration whatever happens
 * between here and the server.
 *
 * | answer                          | then |
 * |---------------------------------|------|
 * | 200, 201                        | the receipt |
 * | none within 3 s, none at all    | again, at the other origin where the page names one |
 * | 503 with a ticket               | again when it is this citizen's turn |
 * | 503, 429                        | again after Retry-After |
 * | 503 REGISTRATION_PAUSED, any other | the server shows its page, with what was typed |
 */
import { input, now, one, put, say, wait, write } from './dom.ts';
import { forget } from './keep.ts';
import { isWaiting, joinQueue, keepTicket, ticketHeaders, turnOf } from './queue.ts';

/** The first is short: most lost answers were lost on the way. */
const ANSWER_WITHIN_MS = [3_000, 5_000, 8_000, 12_000];
const SHOWN_BY_SERVER = new Set(['REGISTRATION_PAUSED', 'QUEUE_CLOSED']);

interface Problem {
  readonly code?: string;
  readonly ticket?: string;
}

const bodyOf = (form: HTMLFormElement): string => {
  const data = new FormData(form);
  const text = (name: string): string | undefined => {
    const value = data.get(name);
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  const assertion = (kind: string) =>
    text(`${kind}Assertion`) === undefined
      ? {}
      : { [kind]: { assertion: text(`${kind}Assertion`), nonce: text(`${kind}Nonce`) } };
  const fields = ['name', 'idType', 'idNumber', 'phone', 'channel', 'category', 'locale'];
  return JSON.stringify({
    ...Object.fromEntries(fields.map((name) => [name, text(name)])),
    consent: { policyVersion: text('policyVersion'), ...(text('consent') === 'yes' ? { sensitive: true } : {}) },
    ...assertion('identity'),
  });
};

const send = async (origin: string, key: string, body: string, withinMs: number): Promise<Response> => {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), withinMs);
  try {
    return await fetch(`${origin}/api/v1/registrations`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'Idempotency-Key': key, ...ticketHeaders() },
      body,
      signal: abort.signal,
    });
  } finally {
    clearTimeout(timer);
  }
};

/** At the site that has answered. */
const submitTo = (form: HTMLFormElement, origin: string, path: string): void => {
  form.action = origin + path;
  form.submit();
};

const toReceipt = (
  form: HTMLFormElement,
  origin: string,
  { receiptNo, receiptSecret }: { readonly receiptNo: string; readonly receiptSecret: string },
): void => {
  forget(form);
  const receipt = one<HTMLFormElement>('#to-receipt');
  if (!receipt) return;
  put(receipt, 'receiptNo', receiptNo);
  put(receipt, 'secret', receiptSecret);
  submitTo(receipt, origin, '/r');
};

const sendUntilAnswered = async (form: HTMLFormElement, status: HTMLElement | null): Promise<void> => {
  const key = input(form, 'idempotencyKey')?.value ?? '';
  const body = bodyOf(form);
  const origins = ['', ...(form.dataset['origins'] ?? '').split(' ').filter((origin) => origin !== '')];
  const opensAtMs = Date.parse(form.dataset['opens'] ?? '');
  let site = 0;
  write(status, say('sending'));
  for (let attempt = 0; ; attempt += 1) {
    if (now() < opensAtMs || isWaiting()) {
      write(status, say('ready'));
      await turnOf(status);
      await wait(Math.max(0, opensAtMs - now()));
    }
    const origin = origins[site % origins.length] ?? '';
    const withinMs = ANSWER_WITHIN_MS[Math.min(attempt, ANSWER_WITHIN_MS.length - 1)] ?? 0;
    const response = await send(origin, key, body, withinMs).catch(() => undefined);
    if (response === undefined) {
      site += 1;
      write(status, say('again'));
      // At once, then ever later and never together with others.
      await wait(Math.random() * 1000 * Math.min(attempt * 2, 20));
      continue;
    }
    if (response.ok) {
      toReceipt(form, origin, await response.json());
      return;
    }
    const problem: Problem = await response.json().catch(() => ({}));
    const isLater = (response.status === 503 || response.status === 429) && !SHOWN_BY_SERVER.has(problem.code ?? '');
    if (!isLater) {
      submitTo(form, origin, '/register');
      return;
    }
    if (problem.ticket !== undefined) {
      keepTicket(problem);
      write(status, say('ready'));
      await turnOf(status);
      write(status, say('turnSending'));
    } else {
      write(status, say('busy'));
      await wait((Number(response.headers.get('Retry-After')) || 2) * 1000 * (1 + Math.random() / 4));
    }
  }
};

export const startRegister = (form: HTMLFormElement): void => {
  const status = one('[data-status]', form);
  const button = one<HTMLButtonElement>('[data-busy]', form);
  let isSending = false;
  if (form.dataset['queue'] === 'true')
    void joinQueue(Date.parse(form.dataset['opens'] ?? '')).then(async (isQueued) => {
      if (isQueued) await turnOf(status);
    });
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    if (isSending) return;
    isSending = true;
    button?.setAttribute('aria-disabled', 'true');
    void sendUntilAnswered(form, status).catch(() => form.submit());
  });
};
