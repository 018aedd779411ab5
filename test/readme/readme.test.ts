import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { READMES, withTables } from './tables.ts';

for (const language of ['en', 'zh'] as const) {
  test(`the tables of the README (${language}) are those of the code; otherwise run: npm run docs`, () => {
    const text = readFileSync(READMES[language], 'utf8');
    assert.ok(text === withTables(text, language), 'a table is old');
  });
}

test('both READMEs have the same sections and the same examples', () => {
  const [en, zh] = [readFileSync(READMES.en, 'utf8'), readFileSync(READMES.zh, 'utf8')];
  const levels = (text: string) => [...text.matchAll(/^(#+) /gm)].map(([, marks]) => marks);
  const languages = (text: string) => [...text.matchAll(/^```(\w+)$/gm)].map(([, name]) => name);
  assert.deepEqual(levels(zh), levels(en));
  assert.deepEqual(languages(zh), languages(en));
});
