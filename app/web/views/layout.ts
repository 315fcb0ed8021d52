/** The frame of every page: head, header, footer. */
import { ASSETS } from '../assets/assets.ts';
import type { Context, Page } from '../context.ts';
import { lookOf } from '../look.ts';
import type { Html } from '../template.ts';
import { html, NOTHING } from '../template.ts';

/** Otherwise every browser asks for /favicon.ico. */
const NO_ICON = 'data:image/svg+xml;base64,PHN2ZyB4bWxucz0iaHR0cDovL3d3dy53My5vcmcvMjAwMC9zdmciLz4=';

export const HOME = '/';
export const FORM = '/register';
export const RECEIPT = '/r';
export const HELP = '/about';

const hidden = (fields: Readonly<Record<string, string>>): readonly Html[] =>
  Object.entries(fields).map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`);

const toggle = ({ path, again }: Context, name: 'lang' | 'size', value: string, label: string, lang: string): Html =>
  again === undefined
    ? html`<a class="toggle" href="${`${path}?${name}=${value}`}" lang="${lang}">${label}</a>`
    : html`<form method="post" action="${again.action}">${hidden(again.fields)}<button class="toggle" name="${name}" value="${value}" lang="${lang}">${label}</button></form>`;

const toggles = (context: Context): Html => {
  const { language, words, isElder } = context;
  const [other, its] = language === 'en' ? (['zh-CN', 'zh-CN'] as const) : (['en', 'en'] as const);
  return html`<div class="toggles" role="group" aria-label="${words.display}">${toggle(context, 'lang', other, words.toOtherLanguage, its)}${
    isElder
      ? toggle(context, 'size', 'standard', words.toStandard, words.language)
      : toggle(context, 'size', 'elder', words.toElder, words.language)
  }</div>`;
};

const link = ({ path }: Context, to: string, label: string): Html =>
  path === to ? html`<a href="${to}" aria-current="page">${label}</a>` : html`<a href="${to}">${label}</a>`;

const navigation = (context: Context): Html => {
  const { words } = context;
  return html`<nav aria-label="${words.pages}"><div class="column">${link(context, HOME, words.home)}${link(context, RECEIPT, words.lookUp)}${link(context, HELP, words.help)}</div></nav>`;
};

/** @returns the whole document */
export const layout = (context: Context, { title, main, hasErrors = false, isPlain = false }: Page): Html => {
  const { language, words, settings, isElder, nowMs, campaignId } = context;
  const campaign = settings?.title[language] ?? words.home;
  const { colourPath, emblemPath } = lookOf(settings);
  const whole = title === campaign ? title : `${title} – ${campaign}`;
  return html`<!doctype html>
<html lang="${words.language}" class="${isElder ? 'elder' : 'standard'}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="format-detection" content="telephone=no">
<meta name="color-scheme" content="light dark">
<title>${hasErrors ? words.problem.errorPrefix : ''}${whole}</title>
<link rel="stylesheet" href="${ASSETS.style.path}">
${colourPath === undefined ? NOTHING : html`<link rel="stylesheet" href="${colourPath}">`}
<link rel="icon" href="${emblemPath ?? NO_ICON}">
<script type="module" src="${ASSETS.script.path}"></script>
</head>
<body data-now="${nowMs}" data-campaign="${campaignId}">
<a class="skip" href="#main">${words.skip}</a>
<header><div class="column bar"><a class="campaign" href="${HOME}">${
    emblemPath === undefined ? NOTHING : html`<img src="${emblemPath}" alt="" width="40" height="40">`
  }<span>${campaign}</span></a>${isPlain ? NOTHING : toggles(context)}</div>
${isPlain ? NOTHING : navigation(context)}</header>
<main id="main" class="column" tabindex="-1">${main}</main>
<footer><div class="column"><h2>${words.safety.title}</h2><p>${words.safety.text}</p></div></footer>
</body>
</html>
`;
};
