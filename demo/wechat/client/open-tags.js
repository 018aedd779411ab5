import { h } from './element.js';
import { t } from './messages.js';

/**
 * What the phone does when one of WeChat's open tags in a page is tapped.
 *
 * @param {{sheet: {show: (what: () => object, leave?: () => void) => void, close: () => void},
 *   toast: (text: string, mark?: string | null) => void, account: () => string,
 *   templates: () => Promise<Array<{id: string, title: string}>>, allow: (templateId: string) => Promise<unknown>}} options
 * @returns {(question: {tag: 'launch', path: string} | {tag: 'subscribe', templates: string[]}) => Promise<unknown>}
 *   for `subscribe`, the templates that its user has allowed
 */
export function createOpenTags({ sheet, toast, account, templates, allow }) {
  return function answer(question) {
    if (question?.tag === 'subscribe') return askToAllow(question.templates.map(String));
    toast(t('miniProgramOpened', { path: question?.path }), 'mini-program');
    return Promise.resolve(true);
  };

  async function askToAllow(ids) {
    const known = await templates();
    const titles = ids.map((id) => known.find((template) => template.id === id)?.title ?? id);
    const isAllowed = await new Promise((resolve) => {
      const choose = (choice) => {
        resolve(choice);
        sheet.close();
      };
      sheet.show(
        () => drawQuestion(titles, choose),
        () => resolve(false),
      );
    });
    if (!isAllowed) return [];
    await Promise.all(ids.map(allow));
    return ids;
  }

  function drawQuestion(titles, choose) {
    const text = t('subscribeText', { name: account() });
    const button = (className, key, choice) =>
      h('button', { class: className, type: 'button', onclick: () => choose(choice) }, t(key));
    return {
      label: text,
      content: [
        h('p', { class: 'sheet-title' }, text),
        h('ul', { class: 'asked-templates' }, ...titles.map((title) => h('li', {}, title))),
        h('div', { class: 'sheet-actions' }, button('secondary', 'refuse', false), button('primary', 'allow', true)),
      ],
    };
  }
}
