/**
 * A login of the city or of a channel: away with the digest of a nonce, back with an assertion behind "#". The nonce is kept in this tab,
 * for a binding with the receipt that the account is for.
 */
import { all, input, kept, one, put, show } from './dom.ts';

const KEPT = 'login';

interface Begun {
  readonly kind: string;
  readonly nonce: string;
  readonly receiptNo?: string;
  readonly secret?: string;
}

const base64url = (bytes: Uint8Array): string =>
  btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');

const begin = async (link: HTMLAnchorElement): Promise<void> => {
  const nonce = base64url(crypto.getRandomValues(new Uint8Array(32)));
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(nonce)));
  const bind = one<HTMLFormElement>('#to-account');
  const kind = link.dataset['login'] ?? '';
  const receipt =
    kind === 'account' && bind
      ? { receiptNo: input(bind, 'receiptNo')?.value, secret: input(bind, 'secret')?.value }
      : {};
  kept.set(KEPT, JSON.stringify({ kind, nonce, ...receipt }));
  const to = new URL(link.href);
  to.searchParams.set('challenge', base64url(digest));
  location.assign(to);
};

const begun = (): Begun | undefined => {
  try {
    return JSON.parse(kept.get(KEPT) ?? '') as Begun;
  } catch {
    return undefined;
  }
};

/** A form made from nodes, for a page that has none. */
const sendTo = (action: string, fields: Readonly<Record<string, string>>): void => {
  const form = document.createElement('form');
  form.method = 'post';
  form.action = action;
  for (const [name, value] of Object.entries(fields)) {
    const field = document.createElement('input');
    field.type = 'hidden';
    field.name = name;
    field.value = value;
    form.append(field);
  }
  document.body.append(form);
  form.submit();
};

/** The middle of a JWS is readable by its holder, and is checked by the server alone. */
const claimsOf = (assertion: string): { readonly name?: unknown; readonly idNumber?: unknown } => {
  try {
    const bytes = Uint8Array.from(
      atob((assertion.split('.')[1] ?? '').replaceAll('-', '+').replaceAll('_', '/')),
      (sign) => sign.charCodeAt(0),
    );
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return {};
  }
};

const fillIn = (form: HTMLFormElement, assertion: string, nonce: string): void => {
  put(form, 'identityAssertion', assertion);
  put(form, 'identityNonce', nonce);
  const claims = claimsOf(assertion);
  for (const name of ['name', 'idNumber'] as const) {
    const value = claims[name];
    if (typeof value === 'string') put(form, name, value);
  }
  show(one('[data-login-done]'));
  for (const link of all('[data-login="identity"]')) show(link, false);
};

const FRAGMENT = /^#assertion=([\w.-]+)$/;
const WAITS = 'assertion';

/** @returns whether the page is left */
const comeBack = (form: HTMLFormElement | null): boolean => {
  const [, fresh] = FRAGMENT.exec(location.hash) ?? [];
  if (fresh !== undefined) history.replaceState(null, '', location.pathname);
  const assertion = fresh ?? kept.get(WAITS);
  const started = begun();
  if (assertion === null || assertion === undefined || started === undefined) return false;
  if (started.kind === 'account') {
    kept.drop(KEPT);
    sendTo('/r/account', {
      receiptNo: started.receiptNo ?? '',
      secret: started.secret ?? '',
      assertion,
      nonce: started.nonce,
    });
    return true;
  }
  if (form) {
    kept.drop(WAITS);
    fillIn(form, assertion, started.nonce);
    return false;
  }
  kept.set(WAITS, assertion);
  location.assign('/register');
  return true;
};

export const startLogin = (form: HTMLFormElement | null): boolean => {
  for (const link of all<HTMLAnchorElement>('[data-login]')) {
    show(link);
    link.addEventListener('click', (event) => {
      event.preventDefault();
      void begin(link);
    });
  }
  return comeBack(form);
};
