import { h } from '../element.js';
import { json } from '../json.js';
import { onLanguage, t } from '../messages.js';
import { translate } from '../translate.js';
import { createApiCaller } from './api-caller.js';
import { outcome } from './form-parts.js';
import { createMessagePusher } from './message-pusher.js';
import { createPeople } from './people.js';
import { createSignatureChecker } from './signature-checker.js';

const TOOLS = { signature: 'toolSignature', call: 'toolCall', push: 'toolPush', people: 'toolPeople' };

/**
 * The debugging page: what WeChat offers to developers on pages of its own.
 *
 * @param {{element: HTMLElement, phone: string, scan: (text: string) => Promise<{kind: string, message?: string}>}} options
 *   `scan`: as if this phone's camera saw it
 */
export function createDebugging({ element, phone, scan }) {
  let chosen = 'signature';
  const ofPhone = `?phone=${encodeURIComponent(phone)}`;
  const post = (path, body = {}) => json(path, { method: 'POST', body });
  const users = () => json(`/client/users${ofPhone}`);
  const tools = {
    signature: createSignatureChecker({ ask: (path, body) => post(`/client/debug/${path}`, body) }),
    call: createApiCaller({
      examples: () => json('/client/debug/apis'),
      call: (asked) => post('/client/debug/call', asked),
    }),
    push: createMessagePusher({
      users,
      settings: () => json('/client/debug/settings'),
      examples: (openid) => json(`/client/debug/push-examples?openid=${encodeURIComponent(openid)}`),
      push: (message) => post('/client/debug/push', message),
      check: () => post('/client/debug/check-push'),
    }),
    people: createPeople({
      ...{ users, scan, phone },
      codes: () => json('/client/codes'),
      act: (deed, input) => post(`/control/${deed}`, input),
    }),
  };

  const choices = h('fieldset', { class: 'segments small', 'data-label': 'debuggingTools' });
  const problem = h('div', { role: 'alert' });
  const page = h('div', { class: 'tool-page' });
  choices.append(...Object.entries(TOOLS).map(drawChoice));
  element.append(h('div', { class: 'call-tools' }, choices), problem, page);
  onLanguage(show);

  function drawChoice([name, key]) {
    const choose = () => {
      chosen = name;
      show();
    };
    const input = h('input', { type: 'radio', name: 'tool', value: name, checked: name === chosen, onchange: choose });
    return h('label', {}, input, h('span', { 'data-text': key }));
  }

  function show() {
    page.replaceChildren(tools[chosen].element);
    translate(element);
    load();
  }

  async function load() {
    if (element.hidden) return;
    try {
      await tools[chosen].load?.();
      problem.replaceChildren();
    } catch (error) {
      problem.replaceChildren(outcome('bad', t('loadFailed', { reason: error.message })));
    }
  }

  return { load };
}
