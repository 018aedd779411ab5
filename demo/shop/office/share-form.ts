import { type Html, html } from '../html.ts';
import type { Language } from '../messages.ts';
import { ownCard, type SharedPage, sharedPages } from '../sharing/shared-page.ts';
import { OFFICE_SHARE_PATH } from './paths.ts';
import { SHARE_MESSAGES } from './share-messages.ts';

/** WeChat has room for no more. In characters. */
const MAX_TITLE = 64;
const MAX_DESCRIPTION = 120;

/** The form as it stands, or as it was written and sent. */
export interface CardForm {
  title: string;
  description: string;
  link: string;
  /** The address of a picture at the proxy, or empty. */
  icon: string;
}

export function readCardForm(fields: URLSearchParams): CardForm {
  const [title, description, link] = ['title', 'description', 'link'].map((name) => oneLine(fields.get(name)));
  return { title: title!, description: description!, link: link!, icon: fields.getAll('icon').at(-1) ?? '' };
}

function oneLine(text: string | null): string {
  return (text ?? '').replace(/\s+/g, ' ').trim();
}

export function findTooLong({ title, description }: CardForm): 'title' | 'description' | undefined {
  if ([...title].length > MAX_TITLE) return 'title';
  return [...description].length > MAX_DESCRIPTION ? 'description' : undefined;
}

/** `wrong`: the field that has to be corrected; the page says why under the id `problem`. */
export function cardFormPanel(page: SharedPage, language: Language, form: CardForm, wrong?: keyof CardForm): Html {
  const text = SHARE_MESSAGES[language];
  const own = ownCard(page, language);
  const why = (field: keyof CardForm) =>
    wrong === field ? html` aria-invalid="true" aria-describedby="problem"` : undefined;
  return html`<form class="panel fields" id="card" method="post" action="${OFFICE_SHARE_PATH}">
<h2>${text.form}</h2>
<label><span>${text.cardTitle}</span><input name="title" value="${form.title}" placeholder="${own.title}" maxlength="${MAX_TITLE}" autocomplete="off"${why('title')}>
<small>${text.cardTitleHint}</small></label>
<label><span>${text.description}</span><textarea name="description" rows="3" placeholder="${own.description}" maxlength="${MAX_DESCRIPTION}"${why('description')}>
${form.description}</textarea>
<small>${text.descriptionHint}</small></label>
<label><span>${text.link}</span><input name="link" value="${form.link}" list="pages" required inputmode="url" autocapitalize="off" autocomplete="off" spellcheck="false"${why('link')}>
<small>${text.linkHint}</small></label>
<datalist id="pages">${sharedPages().map((each) => html`<option value="${each.path}">${nameOf(each, language)}</option>`)}</datalist>
<fieldset${why('icon')}><legend>${text.icon}</legend>
${iconField(form.icon)}
<small>${text.iconHint}</small>
<noscript><p class="notice">${text.iconNeedsScript}</p></noscript>
<p class="notice not-loaded">${text.iconNotLoaded}</p></fieldset>
<button>${text.save}</button>
<small>${text.saveNote}</small>
</form>`;
}

/** An icon that is there stays, even where the element does not load: its place is kept by a field that the script removes. */
function iconField(icon: string): Html {
  const kept = icon === '' ? undefined : html`<input type="hidden" name="icon" value="${icon}">`;
  const value = icon === '' ? undefined : html` value="${icon}"`;
  return html`<image-uploader name="icon" max="1" aspect-ratio="1" max-edge="300" max-size="32768"${value}>${kept}</image-uploader>`;
}

export function nameOf({ product }: SharedPage, language: Language): string {
  return product?.name[language] ?? SHARE_MESSAGES[language].home;
}
