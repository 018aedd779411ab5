/**
 * The desk beside the phone: its pages behind tabs; on a real phone the desk itself is behind one.
 *
 * @param {{onShow: (page: string) => void}} options `onShow`: this page of the desk is seen now
 */
export function createDesk({ onShow }) {
  const tabs = [...document.querySelectorAll('.desk-tabs [role=tab]')];
  for (const tab of tabs) {
    tab.addEventListener('click', () => choose(tab));
    tab.addEventListener('keydown', moveOn);
  }
  for (const button of document.querySelectorAll('.bottom-tabs button')) {
    button.addEventListener('click', () => showSide(button.dataset.tab));
  }

  function moveOn({ key, currentTarget }) {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[key];
    if (!step) return;
    const next = tabs.at((tabs.indexOf(currentTarget) + step) % tabs.length);
    choose(next);
    next.focus();
  }

  function choose(chosen) {
    for (const tab of tabs) {
      const selected = tab === chosen;
      tab.setAttribute('aria-selected', String(selected));
      tab.tabIndex = selected ? 0 : -1;
      pageOf(tab).hidden = !selected;
    }
    onShow(pageOf(chosen).id);
  }

  function pageOf(tab) {
    return document.getElementById(tab.getAttribute('aria-controls'));
  }

  /** @param {'phone' | 'desk'} side */
  function showSide(side) {
    document.body.dataset.tab = side;
    for (const button of document.querySelectorAll('.bottom-tabs button')) {
      button.setAttribute('aria-current', String(button.dataset.tab === side));
    }
  }

  return {
    showSide,
    /** @param {string} id of one of its pages */
    open(id) {
      const tab = tabs.find((candidate) => pageOf(candidate).id === id);
      if (!tab) return;
      choose(tab);
      showSide('desk');
    },
    showCount(name, count) {
      for (const element of document.querySelectorAll(`[data-count=${name}]`)) element.textContent = count || '';
    },
  };
}
