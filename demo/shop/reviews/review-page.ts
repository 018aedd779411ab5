import type { Order } from '../books.ts';
import type { Product } from '../catalogue.ts';
import { html } from '../html.ts';
import { layout } from '../layout.ts';
import { resultPath } from '../paths.ts';
import type { Visit } from '../visit.ts';
import { REVIEW_MESSAGES } from './messages.ts';
import { type ReviewForm, reviewFormSection } from './review-form.ts';
import { reviewArticle, reviewedProduct } from './review-list.ts';
import type { Review } from './reviews.ts';

/** Why a review was not taken. */
export interface ReviewProblem {
  title: string;
  text: string;
  /** For a customer who asks for help. */
  code?: string;
  /** The field that has to be corrected. */
  wrong?: keyof ReviewForm;
}

export interface ReviewDraft {
  order: Order;
  product: Product;
  form: ReviewForm;
  problem?: ReviewProblem;
  /** The customer's session at the proxy, where the shop could get one. */
  session?: string;
  widgetsUrl: string;
}

/** The page that `<image-uploader>` is for: an ordinary form, which has the photos' addresses when it is sent. */
export function writeReviewPage(visit: Visit, draft: ReviewDraft): string {
  const { order, product, form, problem, session } = draft;
  const text = REVIEW_MESSAGES[visit.language];
  const main = html`<section class="narrow"><p class="back"><a href="${resultPath(order)}">← ${text.backToOrder}</a></p>
<h1>${text.title}</h1>
${problem && problemNotice(problem, text.code)}
${reviewedProduct(product, visit.language)}
${reviewFormSection(visit, order.id, form, problem?.wrong)}</section>`;
  const identity =
    session &&
    html`<meta name="weixin-session" content="${session}">
`;
  const head = html`${identity}<script type="module" src="${draft.widgetsUrl}"></script>
`;
  return layout(visit, { title: text.title, main, head });
}

function problemNotice({ title, text, code }: ReviewProblem, codeLabel: string) {
  return html`<div id="problem" class="notice" role="alert"><strong>${title}</strong><p>${text}</p>
${code === undefined ? undefined : html`<p>${codeLabel} <code>${code}</code></p>`}</div>`;
}

/** `isOwn`: whether the visitor has written it. */
export function reviewPage(visit: Visit, product: Product, review: Review, isOwn: boolean): string {
  const text = REVIEW_MESSAGES[visit.language];
  const title = isOwn ? text.thanksTitle : text.shownTitle;
  const main = html`<section class="narrow"><h1>${title}</h1>
${isOwn ? html`<p class="hint">${text.thanksText}</p>` : undefined}
${reviewedProduct(product, visit.language)}
${reviewArticle(review, visit.language)}
<p class="actions"><a class="button" href="/">${text.continueShopping}</a>
<a class="button secondary" href="/order_info?product=${product.id}#reviews">${text.seeProduct}</a></p></section>`;
  return layout(visit, { title, main });
}
