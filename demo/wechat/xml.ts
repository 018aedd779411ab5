/** Why a text is not the XML that WeChat Pay takes. */
export class XmlError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'XmlError';
  }
}

const ENTITIES: Record<string, string> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };
const DECLARATION = /^\s*(?:<\?xml\s[^?]*\?>)?\s*/;
const ELEMENT = /\s*<([A-Za-z_][\w.-]*)\s*(?:\/>|>((?:<!\[CDATA\[[\s\S]*?\]\]>|[^<])*)<\/\1\s*>)/y;

/**
 * Reads one flat element, such as `<xml><appid>…</appid></xml>`. Values stay as they are, without the spaces around
 * what is not CDATA.
 * @throws XmlError for all else: a DTD, nesting, attributes, a name twice, entities beyond the five, no UTF-8
 */
export function readXml(source: Uint8Array, root = 'xml'): Record<string, string> {
  const text = decode(source);
  const head = DECLARATION.exec(text)![0].length;
  const whole = new RegExp(`^<${root}\\s*>([\\s\\S]*)</${root}\\s*>\\s*$`).exec(text.slice(head));
  if (!whole) throw new XmlError(`this is no <${root}>`);
  const content = whole[1]!;
  const fields = new Map<string, string>();
  let end = 0;
  while (content.slice(end).trim() !== '') {
    ELEMENT.lastIndex = end;
    const element = ELEMENT.exec(content);
    if (!element) throw new XmlError(`no flat element at character ${end}`);
    const [, name = '', value = ''] = element;
    if (fields.has(name)) throw new XmlError(`${name} is there twice`);
    fields.set(name, plain(value));
    end = ELEMENT.lastIndex;
  }
  return Object.fromEntries(fields);
}

/** As WeChat Pay writes it: every value in CDATA. Empty values stay, undefined ones are left out. */
export function writeXml(fields: Record<string, string | number | undefined>, root = 'xml'): string {
  const elements = Object.entries(fields).flatMap(([name, value]) =>
    value === undefined ? [] : [`<${name}><![CDATA[${String(value).replaceAll(']]>', ']]]]><![CDATA[>')}]]></${name}>`],
  );
  return `<${root}>${elements.join('\n')}</${root}>`;
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
