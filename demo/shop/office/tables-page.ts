import type { QrCode } from '../checkout.ts';
import { localTime } from '../format.ts';
import { type Html, html } from '../html.ts';
import { MESSAGES } from '../messages.ts';
import type { Table, TableScans } from '../tables/tables.ts';
import type { Visit } from '../visit.ts';
import { officeLayout } from './layout.ts';
import { OFFICE_MESSAGES } from './messages.ts';

export interface TableCode {
  table: Table;
  code: QrCode;
  /** Where the code's picture is. */
  pictureUrl: string;
  scans: TableScans;
}

/** A stand for each table of the tea room, to print, and who has scanned it. */
export function tablesPage(visit: Visit, tables: TableCode[]): string {
  const text = OFFICE_MESSAGES[visit.language];
  const main = html`<div class="codes-text"><h1>${text.tables}</h1>
<p>${text.tablesText}</p><p class="quiet">${text.tablesScan}</p></div>
<ul class="table-codes">${tables.map((table) => tableStand(visit, table))}</ul>`;
  return officeLayout(visit, { title: text.tables, main, current: 'tables' });
}

function tableStand({ language }: Visit, { table, code, pictureUrl, scans }: TableCode): Html {
  const text = OFFICE_MESSAGES[language];
  return html`<li class="panel table-code"><p class="tent-shop">${MESSAGES[language].shopName}</p><h2>${text.table.replace('{}', String(table))}</h2>
<img src="${pictureUrl}" alt="${text.tableCodeOf.replace('{}', String(table))}" width="215" height="215">
<p>${text.scanToOrder}</p><p class="quiet table-url">${code.url}</p>
<p class="quiet table-scans">${scanned(scans, language)}</p></li>`;
}

function scanned({ count, newFollowers, lastAt }: TableScans, language: Visit['language']): Html {
  const text = OFFICE_MESSAGES[language];
  if (lastAt === undefined) return html`${text.notScanned}`;
  const said = text.scanned.replace('{}', String(count)).replace('{}', String(newFollowers));
  return html`${said} <time datetime="${lastAt}">${localTime(lastAt, language)}</time>`;
}
