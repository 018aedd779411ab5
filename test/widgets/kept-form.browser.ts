import { expect } from '@open-wc/testing';
import { KeptForm } from '../../widgets/image-uploader/kept-form.ts';

const FIELDS = `
  <input name="title">
  <textarea name="text">Write here</textarea>
  <label><input type="radio" name="stars" value="4"></label>
  <label><input type="radio" name="stars" value="5"></label>
  <input type="checkbox" name="anonymous" value="1">
  <select name="size"><option>S</option><option>M</option></select>
  <input type="password" name="password">
  <input type="hidden" name="token" value="fresh">
  <input type="file" name="file">
  <input name="card" autocomplete="cc-number">
  <input name="code" autocomplete="one-time-code">
  <button name="send">Send</button>
`;

describe('what was entered into a form', () => {
  function aForm(fields = FIELDS): HTMLFormElement {
    document.querySelector('main')!.innerHTML = `<form>${fields}</form>`;
    return document.forms[0]!;
  }

  const keep = (form: HTMLFormElement) => new KeptForm(sessionStorage, '/review', form);
  const field = <T extends HTMLElement = HTMLInputElement>(name: string, at = 0) =>
    document.getElementsByName(name)[at] as T & HTMLInputElement;

  function fillIn(): void {
    field('title').value = '好用';
    field('text').value = 'Fast\nand good';
    field('stars', 1).checked = true;
    field('anonymous').checked = true;
    field('size').value = 'M';
    field('password').value = 'secret';
    field('card').value = '6222';
    field('code').value = '1234';
  }

  afterEach(() => {
    document.querySelector('main')!.innerHTML = '';
    sessionStorage.clear();
  });

  it('is there again on return, once', () => {
    keep(aForm()).keep();
    const form = aForm();
    fillIn();
    keep(form).keep();
    keep(aForm()).restore();
    expect(field('title').value).to.equal('好用');
    expect(field('text').value).to.equal('Fast\nand good');
    expect([field('stars').checked, field('stars', 1).checked]).to.deep.equal([false, true]);
    expect(field('anonymous').checked).to.equal(true);
    expect(field('size').value).to.equal('M');
    keep(aForm()).restore();
    expect(field('title').value).to.equal('');
  });

  it('does not hold what is secret', () => {
    const form = aForm();
    fillIn();
    field('token').value = 'stale';
    keep(form).keep();
    const [stored] = Object.values(sessionStorage) as string[];
    for (const secret of ['secret', '6222', '1234', 'stale']) expect(stored).not.to.include(secret);
    keep(aForm()).restore();
    expect(field('token').value).to.equal('fresh');
  });

  it('tells the page’s scripts of it as if it were entered', () => {
    const form = aForm();
    fillIn();
    keep(form).keep();
    const heard: string[] = [];
    const again = aForm();
    for (const type of ['input', 'change'])
      again.addEventListener(type, ({ target }) => heard.push(`${type} ${(target as HTMLInputElement).name}`));
    keep(again).restore();
    expect(heard.slice(0, 2)).to.deep.equal(['input title', 'change title']);
    expect(heard).to.include('change size');
    expect(heard.filter((each) => each === 'change stars')).to.have.length(1);
  });

  it('does not take the place of what the user has entered since', () => {
    const form = aForm();
    fillIn();
    keep(form).keep();
    const again = aForm();
    field('title').value = 'New';
    keep(again).restore();
    expect(field('title').value).to.equal('New');
    expect(field('size').value).to.equal('M');
  });

  it('is forgotten where nobody left, and where the form is another', () => {
    const form = aForm();
    fillIn();
    const kept = keep(form);
    kept.keep();
    kept.forget();
    expect(sessionStorage).to.have.length(0);
    kept.keep();
    keep(aForm('<input name="other"><input name="text">')).restore();
    expect(field('other').value).to.equal('');
    expect(field('text').value).to.equal('');
  });

  it('is lost, and nothing else, where the browser keeps nothing', () => {
    const kept = new KeptForm(undefined, '/review', aForm());
    kept.keep();
    kept.restore();
    kept.forget();
  });
});
