import type { Context } from 'koa';
import { CheckoutError, logCheckoutError } from '../checkout.ts';
import { imageIdOf } from '../image-id.ts';
import type { Language } from '../messages.ts';
import { readForm } from '../read-form.ts';
import { findSharedPage, type SharedPage, sharedPages, type UnsharedReason } from '../sharing/shared-page.ts';
import type { Shop } from '../shop.ts';
import { parameter, visitOf } from '../visit.ts';
import type { Notice } from './notice.ts';
import { OFFICE_SHARE_PATH, officeCardPath } from './paths.ts';
import { type CardForm, findTooLong, readCardForm } from './share-form.ts';
import { SHARE_MESSAGES } from './share-messages.ts';
import { studioPage } from './share-page.ts';

/** The office uploads as somebody of its own, who is nobody's openid. */
const OFFICE_OPENID = 'office';

const HOME = sharedPages()[0]!;

interface Trouble {
  notice: Notice;
  wrong?: keyof CardForm;
  status: number;
}

export async function showStudio(ctx: Context, shop: Shop): Promise<void> {
  const found = findPage(ctx, shop, parameter(ctx, 'link') ?? '/');
  const page = typeof found === 'string' ? HOME : found;
  const { language } = visitOf(ctx);
  const { title, description, icon } = shop.shareCards.find(page, language) ?? { title: '', description: '', icon: '' };
  const done = doneNotice(language, parameter(ctx, 'done'));
  await sendStudio(ctx, shop, page, { title, description, icon, link: page.path }, { notice: done });
}

/** From now on the page has this card; and the proxy keeps its icon. */
export async function saveCard(ctx: Context, shop: Shop): Promise<void> {
  const form = readCardForm(await readForm(ctx, '64kb'));
  const { language } = visitOf(ctx);
  const page = findPage(ctx, shop, form.link);
  if (typeof page === 'string') return refuse(ctx, shop, HOME, form, linkTrouble(page, language));
  const trouble = findMistake(shop, form, language) ?? (await keepIcon(shop, form, language));
  if (trouble) return refuse(ctx, shop, page, form, trouble);
  const { title, description, icon } = form;
  shop.shareCards.save({ title, description, icon, page, language, savedAt: new Date().toISOString() });
  seeOther(ctx, officeCardPath(page.path, 'saved'));
}

export async function removeCard(ctx: Context, shop: Shop): Promise<void> {
  const page = findPage(ctx, shop, (await readForm(ctx)).get('link') ?? '');
  if (typeof page === 'string') return seeOther(ctx, OFFICE_SHARE_PATH);
  shop.shareCards.remove(page, visitOf(ctx).language);
  seeOther(ctx, officeCardPath(page.path, 'removed'));
}

/** At the address that customers know, or at the one that the merchant has in front of them. */
function findPage(ctx: Context, shop: Shop, address: string) {
  return findSharedPage(address, [shop.publicUrl, ctx.origin]);
}

/** The form again, but for an icon that can never be right. */
async function refuse(ctx: Context, shop: Shop, page: SharedPage, form: CardForm, trouble: Trouble): Promise<void> {
  ctx.status = trouble.status;
  await sendStudio(ctx, shop, page, trouble.wrong === 'icon' ? { ...form, icon: '' } : form, trouble);
}

function mistake(wrong: keyof CardForm, title: string, text: string): Trouble {
  return { notice: { kind: 'bad', title, text }, wrong, status: 422 };
}

function linkTrouble(reason: UnsharedReason, language: Language): Trouble {
  const text = SHARE_MESSAGES[language];
  return mistake('link', text.badLinkTitle, text[`${reason}Link`]);
}

function findMistake(shop: Shop, form: CardForm, language: Language): Trouble | undefined {
  const text = SHARE_MESSAGES[language];
  const tooLong = findTooLong(form);
  if (tooLong) return mistake(tooLong, text.longTitle, text.longText);
  const isForeign = form.icon !== '' && imageIdOf(form.icon, shop.imagesUrl) === undefined;
  return isForeign ? mistake('icon', text.badIconTitle, text.badIconText) : undefined;
}

/** The proxy deletes what nobody keeps. */
async function keepIcon(shop: Shop, { icon }: CardForm, language: Language): Promise<Trouble | undefined> {
  if (icon === '') return undefined;
  const text = SHARE_MESSAGES[language];
  try {
    if (await shop.checkout.keepImage(imageIdOf(icon, shop.imagesUrl)!)) return undefined;
    return mistake('icon', text.goneTitle, text.goneText);
  } catch (error) {
    if (!(error instanceof CheckoutError)) throw error;
    logCheckoutError(error);
    const details: Notice['details'] = [[text.code, error.code]];
    const notice: Notice = { kind: 'bad', title: text.notKeptTitle, text: text.notKeptText, details };
    return { notice, status: error.temporary ? 503 : 502 };
  }
}

function doneNotice(language: Language, done: string | undefined): Notice | undefined {
  const text = SHARE_MESSAGES[language];
  if (done === 'saved') return { kind: 'good', title: text.savedTitle, text: text.savedText };
  return done === 'removed' ? { kind: 'good', title: text.removedTitle } : undefined;
}

async function sendStudio(
  ctx: Context,
  shop: Shop,
  page: SharedPage,
  form: CardForm,
  { notice, wrong }: Partial<Trouble>,
): Promise<void> {
  const { publicUrl, widgetsUrl } = shop;
  const visit = visitOf(ctx, officeCardPath(page.path));
  const saved = shop.shareCards.all(visit.language);
  const session = await openSession(shop);
  shop.sendPage(ctx, studioPage(visit, { page, form, saved, notice, wrong, session, publicUrl, widgetsUrl }));
}

/** Without a session the page still takes everything but an icon. */
async function openSession(shop: Shop): Promise<string | undefined> {
  try {
    return (await shop.checkout.createSession(OFFICE_OPENID)).token;
  } catch (error) {
    if (!(error instanceof CheckoutError)) throw error;
    logCheckoutError(error);
    return undefined;
  }
}

function seeOther(ctx: Context, path: string): void {
  ctx.status = 303;
  ctx.redirect(path);
}
