/** Why a text is not the XML that WeChat takes. */
export class XmlError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'XmlError';
  }
}

/** What stands in an element: text, or elements by name, in a list where one name comes several times. */
export type XmlValue = string | XmlFields;
export interface XmlFields {
  [name: string]: XmlValue | XmlValue[];
}

/** What can be written into an element: text goes into CDATA, numbers stand bare, a list repeats its element. */
export type WritableValue = string | number | bigint | WritableFields | WritableValue[];
export interface WritableFields {
  [name: string]: WritableValue | undefined;
}

const ENTITIES: Record<string, string> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };
const DECLARATION = /\s*(?:<\?xml\s[^?]*\?>)?\s*/y;
const START = /<([A-Za-z_][\w.-]*)\s*(\/?)>/y;
const TEXT = /(?:<!\[CDATA\[[\s\S]*?\]\]>|[^<]+)*/y;
const END = /<\/([A-Za-z_][\w.-]*)\s*>/y;
const SPACE = /\s*/y;
const DEEPEST = 8;

/**
 * Reads one element, such as `<xml><appid>…</appid></xml>`. Values stay as they are, without the spaces around what is
 * not CDATA.
 * @throws XmlError for all else: a DTD, attributes, text beside elements, entities beyond the five, no UTF-8
 */
export function readXmlTree(source: Uint8Array, root = 'xml'): XmlFields {
  const reader = new Reader(decode(source));
  reader.take(DECLARATION);
  const { name, value } = reader.element(0);
  if (name !== root) throw new XmlError(`this is no <${root}>`);
  reader.take(SPACE);
  if (!reader.atEnd) throw new XmlError(`something stands behind </${root}>`);
  if (typeof value !== 'string') return value;
  if (value !== '') throw new XmlError(`there is no element in <${root}>`);
  return {};
}

/** Text in CDATA, numbers bare, as WeChat writes its messages. Empty values stay, undefined ones are left out. */
export function writeXmlTree(fields: WritableFields, root = 'xml'): string {
  return `<${root}>${Object.entries(fields)
    .map(([name, value]) => (value === undefined ? '' : writeElement(name, value)))
    .join('')}</${root}>`;
}

export function cdata(text: string): string {
  return `<![CDATA[${text.replaceAll(']]>', ']]]]><![CDATA[>')}]]>`;
}

function writeElement(name: string, value: WritableValue): string {
  if (Array.isArray(value)) return value.map((item) => writeElement(name, item)).join('');
  if (typeof value === 'object') return writeXmlTree(value, name);
  return `<${name}>${typeof value === 'string' ? cdata(value) : value}</${name}>`;
}

class Reader {
  readonly #text: string;
  #position = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get atEnd(): boolean {
    return this.#position === this.#text.length;
  }

  take(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#position;
    const found = pattern.exec(this.#text);
    if (found) this.#position = pattern.lastIndex;
    return found;
  }

  element(depth: number): { name: string; value: XmlValue } {
    const start = this.take(START);
    if (!start) throw new XmlError(`no element at character ${this.#position}`);
    if (depth > DEEPEST) throw new XmlError('the elements stand too deep');
    const [, name = '', empty] = start;
    if (empty) return { name, value: '' };
    const text = plain(this.take(TEXT)![0]);
    const end = this.take(END);
    if (end?.[1] === name) return { name, value: text };
    if (end) throw new XmlError(`<${name}> ends as </${end[1]}>`);
    if (text !== '') throw new XmlError(`<${name}> has text beside elements`);
    return { name, value: this.#members(name, depth) };
  }

  #members(parent: string, depth: number): XmlFields {
    const members = new Map<string, XmlValue | XmlValue[]>();
    for (;;) {
      const { name, value } = this.element(depth + 1);
      const known = members.get(name);
      members.set(name, known === undefined ? value : [known, value].flat());
      this.take(SPACE);
      const end = this.take(END);
      if (end?.[1] === parent) return Object.fromEntries(members);
      if (end) throw new XmlError(`<${parent}> ends as </${end[1]}>`);
    }
  }
}

function decode(source: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(source);
  } catch {
    throw new XmlError('this is not UTF-8');
  }
}

function plain(value: string): string {
  return value
    .trim()
    .split(/(<!\[CDATA\[[\s\S]*?\]\]>)/)
    .map((part) => (part.startsWith('<![CDATA[') ? part.slice(9, -3) : withoutEntities(part)))
    .join('');
}

function withoutEntities(text: string): string {
  return text.replace(/&([^;&]*);?/g, (_match, name: string) => {
    const character = Object.hasOwn(ENTITIES, name) ? ENTITIES[name] : undefined;
    if (character === undefined) throw new XmlError(`&${name}; is not known`);
    return character;
  });
}
