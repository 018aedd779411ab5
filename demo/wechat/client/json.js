import { t } from './messages.js';

/**
 * Asks the stand-in.
 *
 * @param {string} path
 * @param {{method?: string, body?: unknown}} [options]
 * @throws Error with the stand-in's own words where it does not answer 2xx, with ours where it does not answer
 */
export async function json(path, { method = 'GET', body } = {}) {
  const response = await fetch(path, {
    method,
    headers: body ? { 'content-type': 'application/json' } : {},
    body: body && JSON.stringify(body),
  }).catch((cause) => {
    throw new Error(t('noAnswer'), { cause });
  });
  if (!response.ok) throw new Error((await response.text()) || `HTTP ${response.status}`);
  return await response.json();
}
