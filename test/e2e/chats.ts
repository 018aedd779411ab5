/** What is beside the in-app browser on the phone: chats, Moments, the menu of a page, and the debugging page of its desk. */
import type { Locator, Page } from 'playwright';
import { within } from './devices.ts';
import type { Phone } from './phone.ts';

/** What the shop’s official account is called. */
export const ACCOUNT = '栖云茶铺';

/** By keyboard: views slide in, and a click would land beside the button. */
export class Chats {
  readonly phone: Phone;
  readonly page: Page;

  constructor(phone: Phone) {
    this.phone = phone;
    this.page = phone.page;
  }

  /** What the account and its user have said to each other, while their chat is open. */
  get account(): Locator {
    return this.page.getByRole('log', { name: ACCOUNT });
  }

  /** What was sent to or by a friend, while their chat is open. */
  friend(nickname: string): Locator {
    return this.page.getByRole('log', { name: nickname });
  }

  async openAccount(): Promise<void> {
    await this.#press(this.page.getByRole('button', { name: new RegExp(`^${ACCOUNT}`) }));
    await within(this.account).toBeVisible();
  }

  async openFriend(nickname: string): Promise<void> {
    await this.#press(this.page.getByRole('button', { name: new RegExp(`^${nickname} `) }));
    await within(this.friend(nickname)).toBeVisible();
  }

  async openMoments(): Promise<void> {
    await this.#press(this.page.getByRole('button', { name: 'Discover' }));
    await this.#press(this.page.getByRole('button', { name: /^Moments/ }));
  }

  /** From the list of chats. */
  async openShop(): Promise<void> {
    await this.openAccount();
    await this.#press(this.account.getByRole('button', { name: 'Open the shop' }));
  }

  async say(text: string): Promise<void> {
    await this.page.getByRole('textbox', { name: 'Message' }).fill(text);
    await this.page.keyboard.press('Enter');
    await within(this.account.locator('.mine .bubble').last()).toHaveText(text);
  }

  /** Leaves the page and the chat that lies under it. */
  async goHome(): Promise<void> {
    await this.closePage();
    await this.leaveChat();
  }

  async closePage(): Promise<void> {
    await this.#press(this.page.getByRole('button', { name: 'Close page' }));
  }

  async leaveChat(): Promise<void> {
    await this.#press(this.page.getByRole('button', { name: 'Back to chats' }));
    // Its name ends in the number of what is unread.
    await this.#press(this.page.getByRole('navigation').getByRole('button', { name: /^Chats/ }));
  }

  /** Sends the page that is open to a friend. */
  async sendPage(nickname: string): Promise<void> {
    const dialog = (name: string) => this.page.getByRole('dialog', { name, exact: true });
    await this.#chooseInMenu('Send to a friend');
    await this.#press(dialog('Select a chat').getByRole('button', { name: nickname }));
    await this.#press(dialog('Send to').getByRole('button', { name: 'Send' }));
    await within(this.page.getByRole('status').getByText('Sent')).toBeVisible();
  }

  /** Posts the page that is open on Moments. */
  async postPage(words: string): Promise<void> {
    await this.#chooseInMenu('Share on Moments');
    const dialog = this.page.getByRole('dialog', { name: 'Share on Moments' });
    await dialog.getByRole('textbox', { name: 'Say something…' }).fill(words);
    await this.#press(dialog.getByRole('button', { name: 'Post' }));
    await within(this.page.getByRole('status').getByText('Posted')).toBeVisible();
  }

  /** Opens a tool of the debugging page, and gives the page. */
  async openTool(name: string): Promise<Locator> {
    await this.page.getByRole('tab', { name: 'Debug' }).click();
    const panel = this.page.getByRole('tabpanel', { name: 'Debug' });
    await panel.getByRole('radio', { name }).check({ force: true });
    return panel;
  }

  async #chooseInMenu(name: string): Promise<void> {
    await this.#press(this.page.getByRole('button', { name: 'Page options' }));
    await this.#press(this.page.getByRole('dialog', { name: 'Page options' }).getByRole('button', { name }));
  }

  /** Not before it can be reached: what lies below another view takes no focus. */
  async #press(button: Locator): Promise<void> {
    await within(button).toBeVisible();
    await within(async () => {
      await button.focus();
      await within(button).toBeFocused({ timeout: 500 });
    }).toPass({ timeout: 15_000 });
    await button.press('Enter');
  }
}
