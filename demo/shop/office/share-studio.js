/** What the share studio does as one writes: the preview, what is wrong with the card, the code to paste. */

/** Long enough for a word to be written. In milliseconds. */
const PAUSE = 300;

const form = document.querySelector('#card');
const preview = document.querySelector('#preview');
const checks = document.querySelector('#checks');
const code = document.querySelector('#snippet');
const copy = document.querySelector('#copy');
const copied = document.querySelector('#copied');
const uploader = form.querySelector('image-uploader');
const language = document.documentElement.lang;

/** What the form says, and, where it is silent, the page. */
function readCard() {
  const { title, description, link } = form.elements;
  return {
    'share-title': title.value.trim() || title.placeholder,
    'share-description': description.value.trim() || description.placeholder,
    'share-link': link.value.trim(),
    'share-icon': uploader.value || preview.dataset.icon,
  };
}

function show() {
  const card = readCard();
  for (const [name, value] of Object.entries(card)) preview.setAttribute(name, value);
  code.value = snippet(card);
  check(card);
}

function snippet(card) {
  const { base, widgets } = code.dataset;
  const lines = Object.entries(card).map(([name, value]) => {
    const isAddress = /link|icon/.test(name) && URL.canParse(value, base);
    return `  ${name}="${escapeHtml(isAddress ? new URL(value, base).href : value)}"`;
  });
  const script = `<script type="module" src="${escapeHtml(widgets)}"></script>`;
  return [script, '<share-meta', ...lines, '></share-meta>'].join('\n');
}

const ENTITIES = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

function escapeHtml(text) {
  return text.replace(/[&<>"']/g, (letter) => ENTITIES[letter]);
}

let checker;

/** By another element, unseen and new each time: each tells a problem once. It may tell it late, once the icon is there. */
function check(card) {
  checker?.remove();
  const [fine, box] = checks.children;
  const list = box.querySelector('ul');
  list.replaceChildren();
  box.hidden = true;
  fine.hidden = true;
  checker = document.createElement('share-meta');
  for (const [name, value] of Object.entries({ ...card, preview: '', hidden: '' })) checker.setAttribute(name, value);
  checker.addEventListener('share-ready', () => {
    fine.hidden = !box.hidden;
  });
  checker.addEventListener('share-error', ({ detail: { error } }) => {
    const item = document.createElement('li');
    item.textContent = error.cause[language] + (language === 'en' ? ' ' : '') + error.remedy[language];
    list.append(item);
    box.hidden = false;
    fine.hidden = true;
  });
  document.body.append(checker);
}

let pause;
function showSoon() {
  clearTimeout(pause);
  pause = setTimeout(show, PAUSE);
}

// On a phone, it may lie beyond the edge.
document.querySelector('.page-choice [aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'center' });
copy.hidden = false;
copy.addEventListener('click', async () => {
  code.select();
  try {
    await navigator.clipboard.writeText(code.value);
    say(copied.dataset.copied);
  } catch {
    // Not over http from elsewhere, nor where the browser forbids it.
    say(document.execCommand('copy') ? copied.dataset.copied : copied.dataset.selected);
  }
});

/** Again for a screen reader, too, where it says the same as before. */
function say(text) {
  copied.textContent = '';
  setTimeout(() => {
    copied.textContent = text;
  }, 50);
}

form.addEventListener('input', showSoon);
uploader.addEventListener('change', showSoon);
// Only where the element does not come, its place is kept.
customElements.whenDefined('image-uploader').then(() => uploader.querySelector('input')?.remove());
customElements.whenDefined('share-meta').then(show);
