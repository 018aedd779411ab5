export function officeOrderPath(orderId: string): string {
  return `/office/orders/${encodeURIComponent(orderId)}`;
}

export function officeRefundsPath(orderId: string): string {
  return `${officeOrderPath(orderId)}/refunds`;
}

/** The order's page, which says how this refund went. `check` counts how often it has looked by itself. */
export function officeRefundPath(orderId: string, outRefundNo: string, check?: number): string {
  const query = new URLSearchParams({ refund: outRefundNo, ...(check === undefined ? {} : { check: String(check) }) });
  return `${officeOrderPath(orderId)}?${query}`;
}

export const OFFICE_SHARE_PATH = '/office/share';

/** The card of the page at `link`, to be changed. */
export function officeCardPath(link: string, done?: 'saved' | 'removed'): string {
  return `${OFFICE_SHARE_PATH}?${new URLSearchParams({ link, ...(done && { done }) })}`;
}

export const OFFICE_TABLES_PATH = '/office/tables';

export const OFFICE_REVIEWS_PATH = '/office/reviews';

export function removePhotoPath(orderId: string): string {
  return `${OFFICE_REVIEWS_PATH}/${encodeURIComponent(orderId)}/remove_photo`;
}
