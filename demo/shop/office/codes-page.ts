import { CATALOGUE, type Product } from '../catalogue.ts';
import { price } from '../format.ts';
import { type Html, html } from '../html.ts';
import { MESSAGES } from '../messages.ts';
import { symbol } from '../symbol.ts';
import type { Visit } from '../visit.ts';
import { officeLayout } from './layout.ts';
import { OFFICE_MESSAGES } from './messages.ts';

/** A tent card for each product, to print: its front, and its back upside down above the fold. */
export function codesPage(visit: Visit): string {
  const text = OFFICE_MESSAGES[visit.language];
  const main = html`<div class="codes-text"><h1>${text.codes}</h1>
<p>${text.codesText}</p><p class="quiet">${text.codesPrint}</p><p class="quiet">${text.codesScan}</p></div>
<ul class="tents">${CATALOGUE.map((product) => tentCard(visit, product))}</ul>`;
  return officeLayout(visit, { title: text.codes, main, current: 'codes' });
}

function tentCard({ language }: Visit, product: Product): Html {
  const text = OFFICE_MESSAGES[language];
  const { shopName, tagline } = MESSAGES[language];
  return html`<li class="tent">
<div class="tent-back" aria-hidden="true"><img src="/pictures/seal.svg" alt=""><strong>${shopName}</strong><span>${tagline}</span></div>
<div class="tent-front"><div class="tent-text"><p class="tent-shop">${shopName}</p><h2>${product.name[language]}</h2>
<p class="summary">${product.summary[language]}</p>
<p class="price-line large">${price(product.price)} <span class="unit">${product.unit[language]}</span></p></div>
<div class="tent-code"><img src="${codePath(product)}" alt="${product.name[language]} ${text.codeOf}" width="240" height="240"><p>${text.scanToBuy}</p></div></div></li>`;
}

function codePath(product: Product): string {
  return `/office/codes/${product.id}.svg`;
}

const START_WITH_V2 =
  process.platform === 'win32' ? 'set WECHAT_PAY_API=v2&& npm start' : 'WECHAT_PAY_API=v2 npm start';

/** Where the proxy speaks version 3 of the API, which has no such codes. */
export function codesNeedV2Page(visit: Visit): string {
  const text = OFFICE_MESSAGES[visit.language];
  const main = html`<section class="result">${symbol('unpaid')}
<div><h1>${text.needV2Title}</h1><p>${text.needV2Text}</p><p>${text.needV2Instead}</p></div>
<p>${text.needV2Demo}<br><code>${START_WITH_V2}</code></p></section>`;
  return officeLayout(visit, { title: text.codes, main, current: 'codes' });
}
