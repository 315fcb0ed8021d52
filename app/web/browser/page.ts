/** The page's one module. Without it everything works except waiting in the queue, logins and the countdown. */
import { all, now, one, show, write } from './dom.ts';
import { startKeeping } from './keep.ts';
import { startLogin } from './login.ts';
import { startFromCode, startReceipt } from './receipt.ts';
import { startRegister } from './register.ts';

const two = (value: number): string => String(value).padStart(2, '0');

/** 93784 s → 26:03:04; days are counted in hours, so that it needs no words. */
const clock = (seconds: number): string =>
  [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60].map(two).join(':');

const startCountdown = (): void => {
  const face = one('[data-countdown]');
  if (!face) return;
  const atMs = Date.parse(face.dataset['countdown'] ?? '');
  const tick = (): void => {
    const left = Math.max(0, Math.ceil((atMs - now()) / 1000));
    write(face, clock(left));
    if (left > 0) {
      setTimeout(tick, 1000 - (now() % 1000));
      return;
    }
    // Without a question to the server: everyone who waits gets here in the same second.
    for (const element of all('[data-until]')) show(element, false);
    for (const element of all('[data-from]')) show(element);
  };
  tick();
};

const form = one<HTMLFormElement>('form[data-register]');
if (!startLogin(form)) {
  startFromCode();
  startCountdown();
  startReceipt();
  if (form) {
    startKeeping(form);
    startRegister(form);
  }
  (one('#errors') ?? one('#notice'))?.focus();
}
