/** The tables of the READMEs, made from what the code itself says. `npm run docs` writes them anew. */
import { readFileSync, writeFileSync } from 'node:fs';
import { SETTINGS } from '../../proxy/config.ts';
import { ERRORS, type ErrorCode } from '../../proxy/errors.ts';
import { ERROR_MEANINGS } from '../../proxy/errors.zh-CN.ts';

export const READMES = {
  en: new URL('../../README.md', import.meta.url),
  zh: new URL('../../README.zh-CN.md', import.meta.url),
} as const;
type Language = keyof typeof READMES;

const TABLES = { configuration, errors };

/** The README's text with every table as it should be. A table stands between `<!-- name -->` and `<!-- /name -->`. */
export function withTables(text: string, language: Language): string {
  return Object.entries(TABLES).reduce((written, [name, table]) => {
    const place = new RegExp(`(<!-- ${name} -->\n)[^]*?(<!-- /${name} -->)`);
    if (!place.test(written)) throw new Error(`There is no place for the table "${name}".`);
    return written.replace(place, (_, start, end) => `${start}\n${table(language)}\n\n${end}`);
  }, text);
}

function configuration(language: Language): string {
  const head = { en: ['variable', 'default', 'meaning'], zh: ['变量', '默认值', '含义'] }[language];
  const required = (setting: object) => ('onlyFor' in setting ? `— (${setting.onlyFor})` : '—');
  const none = { en: 'none', zh: '无' }[language];
  const rows = Object.entries(SETTINGS).map(([name, setting]) => {
    const preset = 'default' in setting ? `\`${setting.default}\`` : 'optional' in setting ? none : required(setting);
    return [`\`${name}\``, preset, setting.meaning[language]];
  });
  return markdown(head, rows);
}

function errors(language: Language): string {
  const head = { en: ['code', 'status', 'meaning', 'what to do'], zh: ['错误码', '状态', '含义', '处理办法'] }[
    language
  ];
  const rows = Object.entries(ERRORS).map(([code, [status, meaning, remedy]]) => {
    const words = language === 'zh' ? ERROR_MEANINGS[code as ErrorCode] : [meaning, remedy];
    return [`\`${code}\``, String(status), ...words];
  });
  return markdown(head, rows);
}

function markdown(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

if (import.meta.main) {
  for (const [language, file] of Object.entries(READMES)) {
    writeFileSync(file, withTables(readFileSync(file, 'utf8'), language as Language));
  }
}
