/** What a page looks like when it is shared. */
export interface ShareCard {
  title: string;
  description: string;
  /** A path of the shop, or an address at the proxy. */
  icon: string;
}
