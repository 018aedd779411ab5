import { personAvatar } from '../avatar.js';
import { h } from '../element.js';
import { t } from '../messages.js';
import { field, outcome, run } from './form-parts.js';

const CODE = /http:\/\/weixin\.qq\.com\/q\/[\w-]+/;

/**
 * Codes of the account that this phone can scan, and who there is to scan them.
 *
 * @param {{codes: () => Promise<Array<{codeUrl: string, description: string, state: string}>>,
 *   scan: (text: string) => Promise<{kind: string, message?: string}>,
 *   users: () => Promise<Array<{openid: string, nickname: string, following: boolean, isMe: boolean}>>,
 *   act: (deed: 'sign-in' | 'follow' | 'unfollow', input: object) => Promise<unknown>, phone: string}} options
 */
export function createPeople({ codes, scan, users, act, phone }) {
  const text = h('input', {
    required: true,
    autocomplete: 'off',
    spellcheck: 'false',
    placeholder: 'http://weixin.qq.com/q/…',
  });
  const living = h('div', { class: 'living-codes' });
  const result = h('div', { class: 'tool-result', 'aria-live': 'polite' });
  const form = h(
    'form',
    { class: 'tool-form', onsubmit },
    h('h2', { 'data-text': 'scanCode' }),
    h('p', { class: 'tool-note', 'data-text': 'scanCodeText' }),
    h(
      'div',
      { class: 'one-line' },
      field('codeOrTicket', text),
      h('button', { class: 'primary', type: 'submit', 'data-text': 'scanIt' }),
    ),
    living,
  );
  const list = h('ul', { class: 'users' });
  const problem = h('div', { 'aria-live': 'polite' });

  async function load() {
    const [all, found] = await Promise.all([users(), codes()]);
    const focused = document.activeElement?.dataset?.focus;
    list.replaceChildren(...all.map(drawUser));
    drawCodes(found.filter(({ state }) => state === 'SCENE'));
    if (focused) list.querySelector(`[data-focus="${focused}"]`)?.focus();
  }

  function drawCodes(found) {
    const chip = ({ codeUrl, description }) =>
      h('button', { class: 'chip', type: 'button', onclick: () => point(codeUrl) }, description);
    living.setAttribute('aria-label', t('sceneCodes'));
    living.setAttribute('role', 'group');
    living.replaceChildren(...(found.length ? found.map(chip) : [h('p', { class: 'tool-note' }, t('noSceneCodes'))]));
  }

  function drawUser({ openid, nickname, following, isMe }) {
    const button = (key, deed, input, focus) =>
      h(
        'button',
        { class: 'chip', type: 'button', 'data-focus': focus, onclick: () => doIt(deed, input) },
        t(key, { name: nickname }),
      );
    return h(
      'li',
      { class: 'user' },
      personAvatar({ nickname }),
      h(
        'div',
        { class: 'user-text' },
        h('strong', {}, nickname),
        h('span', { class: following ? 'verdict' : 'verdict none' }, t(following ? 'isFollower' : 'isStranger')),
        isMe ? h('span', { class: 'verdict held' }, t('holdsPhone')) : null,
        h('code', {}, openid),
      ),
      h(
        'div',
        { class: 'user-deeds' },
        isMe ? null : button('handOver', 'sign-in', { phone, openid }, `hold-${openid}`),
        button(
          following ? 'unfollowAs' : 'followAs',
          following ? 'unfollow' : 'follow',
          { openid },
          `follow-${openid}`,
        ),
      ),
    );
  }

  async function doIt(deed, input) {
    try {
      await act(deed, input);
      problem.replaceChildren();
      await load();
    } catch (error) {
      problem.replaceChildren(outcome('bad', t('changeFailed', { reason: error.message })));
    }
  }

  function onsubmit(event) {
    event.preventDefault();
    point(text.value);
  }

  function point(seen) {
    run(form, result, async () => {
      const code = codeIn(seen);
      if (!code) return [outcome('bad', t('notACode'))];
      const { kind, message } = await scan(code);
      return [kind === 'refused' ? outcome('bad', message) : outcome('good', t('scanDone'))];
    });
  }

  return {
    element: h(
      'div',
      { class: 'tool' },
      form,
      result,
      h('h2', { 'data-text': 'users' }),
      h('p', { class: 'tool-note', 'data-text': 'usersText' }),
      problem,
      list,
    ),
    load,
  };
}

/** What the code says: its address, or what its ticket holds; undefined where it is neither. */
function codeIn(text) {
  const [address] = text.match(CODE) ?? [];
  if (address) return address;
  const ticket = URL.parse(text.trim())?.searchParams.get('ticket') ?? decodeURIComponent(text.trim());
  try {
    return atob(ticket).match(CODE)?.[0];
  } catch {
    return undefined; // not base64
  }
}
