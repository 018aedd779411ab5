/** WeChat's XML: one root, every value a string; flat, but for messages. Whatever else XML can be is refused. */
import { XMLParser, XMLValidator } from 'fast-xml-parser';
import { ProxyError } from '../errors.ts';
import { decodeUtf8 } from './decode-utf8.ts';

/** Values by element name, exactly as they came. Has no prototype. */
export type XmlFields = Record<string, string>;

/** What an element holds: text, other elements, or, where several have its name, what each of them holds. */
export type XmlValue = string | XmlTree | XmlValue[];
/** Has no prototype. */
export interface XmlTree {
  [name: string]: XmlValue;
}

/** Whether an element holds others. */
export function isXmlTree(value: XmlValue | undefined): value is XmlTree {
  return typeof value === 'object' && !Array.isArray(value);
}

/** What is written: numbers as they are, text as CDATA. */
export interface XmlDocument {
  [name: string]: string | number | XmlDocument | XmlDocument[];
}

/** Far above any document of WeChat's, in bytes. */
const MAX_SIZE = 64 * 1024;
/** How many elements stand in each other below the root, at most. WeChat's messages have three. */
const MAX_DEPTH = 8;

/** XML 1.0, §2.2: what may stand in a document at all. */
const ILLEGAL = /[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/u;
const DECLARATION = /^<\?xml(?: version=["']1\.0["'])?(?: encoding=["']utf-8["'])?(?: standalone=["']yes["'])?\?>/i;
const SPACE_BEFORE = /^[ \t\r\n]+/;
const NO_SPACE = /[^ \t\r\n]/;
const CDATA = /<!\[CDATA\[.*?\]\]>/gs;
const TAG = /<\/?([A-Za-z_][A-Za-z0-9_]{0,63})>|<([A-Za-z_][A-Za-z0-9_]{0,63}) ?\/>/g;
const ENTITY = /&(amp|lt|gt|quot|apos);/g;
const ENTITIES: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/** Stand in for something else while a document is looked at: neither can come from outside, since both are ILLEGAL. */
const PLACE_OF_CDATA = '\u0000';
const CARRIAGE_RETURN = '\u0001';

/** One entry: text or CDATA under a name of its own, or an element with what it holds. */
interface Node {
  [name: string]: string | Node[];
}

const parser = new XMLParser({
  preserveOrder: true,
  parseTagValue: false,
  trimValues: false,
  processEntities: false,
  cdataPropName: '#cdata',
});

/**
 * Reads a document of WeChat's.
 *
 * Refused are, beside what is not well-formed: document types, entities but the five (character references too: WeChat
 * writes none), instructions but the declaration, comments, attributes, prefixes, elements within elements, an element
 * that comes twice, names of `Object.prototype`, what is not UTF-8, and whatever is larger than 64 KiB.
 * @throws {ProxyError} `malformed_notification`, with a reason that quotes nothing
 */
export function parseXml(source: Buffer | string, { root = 'xml' } = {}): XmlFields {
  return readFields(parseRoot(source, root));
}

/**
 * Reads a message of WeChat's, whose elements may hold others, and come more than once. All else is refused as above.
 * @throws {ProxyError} `malformed_notification`, with a reason that quotes nothing
 */
export function parseXmlTree(source: Buffer | string): XmlTree {
  return readTree(parseRoot(source, 'xml'), MAX_DEPTH);
}

/** What stands in the one root. */
function parseRoot(source: Buffer | string, root: string): Node[] {
  const text = trim(decode(source).replace(DECLARATION, ''));
  refuseMarkup(text);
  if (XMLValidator.validate(text) !== true) throw malformed('is not well-formed');
  const [document, ...others] = parseNodes(text);
  if (!document || others.length > 0) throw malformed('has not exactly one root');
  const [name, content] = entryOf(document);
  if (name !== root || typeof content === 'string') throw malformed(`has another root than ${root}`);
  return content;
}

/** Writes a document as WeChat wants it: text as CDATA. */
export function writeXml(document: XmlDocument, root = 'xml'): string {
  return writeElement(root, document);
}

function writeElement(name: string, content: string | number | XmlDocument): string {
  return `<${name}>${writeContent(content)}</${name}>`;
}

function writeContent(content: string | number | XmlDocument): string {
  if (typeof content === 'number') return String(content);
  if (typeof content === 'string') return `<![CDATA[${content.replaceAll(']]>', ']]]]><![CDATA[>')}]]>`;
  return Object.entries(content)
    .flatMap(([name, value]) => (Array.isArray(value) ? value : [value]).map((one) => writeElement(name, one)))
    .join('');
}

/** What of a text can stand in XML: no control characters, no halves of surrogate pairs. */
export function legalText(text: string): string {
  return text.replaceAll(new RegExp(ILLEGAL, 'gu'), '');
}

/** Without the space around the root; step by step, for a pattern would begin anew at each of many spaces. */
function trim(text: string): string {
  let end = text.length;
  while (end > 0 && !NO_SPACE.test(text[end - 1]!)) end--;
  return text.slice(0, end).replace(SPACE_BEFORE, '');
}

function decode(source: Buffer | string): string {
  if (Buffer.byteLength(source) > MAX_SIZE) throw malformed('is too large');
  const text = typeof source === 'string' ? source : decodeUtf8(source);
  if (text === undefined) throw malformed('is not UTF-8');
  if (ILLEGAL.test(text)) throw malformed('has characters that XML does not allow');
  return text;
}

/** Leaves nothing for the parser but plain tags, CDATA and text. */
function refuseMarkup(text: string): void {
  // Looked at first, for each beginning would search all the rest in vain.
  if (text.lastIndexOf('<![CDATA[') > text.lastIndexOf(']]>')) throw malformed('has CDATA that does not end');
  const bare = text.replace(CDATA, PLACE_OF_CDATA);
  for (const [, opened, empty] of bare.matchAll(TAG)) {
    const name = opened ?? empty!;
    if (name in Object.prototype || name === 'prototype') throw malformed('has a name that is reserved');
  }
  const rest = bare.replace(TAG, '');
  if (/<!(DOCTYPE|ENTITY|ELEMENT|ATTLIST|NOTATION)/i.test(rest)) throw malformed('has a document type');
  if (rest.includes('<?')) throw malformed('has instructions');
  if (rest.includes('<!')) throw malformed('has comments or unknown sections');
  if (rest.includes('<')) throw malformed('has tags with attributes or unusual names');
  if (rest.includes(']]>')) throw malformed('has the end of CDATA that never began');
  if (rest.replace(ENTITY, '').includes('&')) throw malformed('has entities but the five');
}

function parseNodes(text: string): Node[] {
  try {
    // The parser would make line feeds of carriage returns, and WeChat signs what it has sent.
    return parser.parse(text.replaceAll('\r', CARRIAGE_RETURN));
  } catch {
    throw malformed('has elements within elements');
  }
}

function readFields(nodes: Node[]): XmlFields {
  const fields: XmlFields = Object.create(null);
  for (const [name, content] of nodes.map(entryOf)) {
    const isText = typeof content === 'string';
    if (isText && !NO_SPACE.test(restore(content))) continue;
    if (isText || name === '#cdata') throw malformed('has text between elements');
    if (name in fields) throw malformed('has an element twice');
    fields[name] = content.map(readText).join('');
  }
  return fields;
}

/** @param depth how many elements may stand in each other below this one */
function readTree(nodes: Node[], depth: number): XmlTree {
  const tree: XmlTree = Object.create(null);
  for (const [name, content] of nodes.map(entryOf)) {
    const isText = typeof content === 'string';
    if (isText && !NO_SPACE.test(restore(content))) continue;
    if (isText || name === '#cdata') throw malformed('has text between elements');
    const value = readValue(content, depth);
    const earlier = tree[name];
    // Not copied: a document can have one element very often, and is read before its signature is.
    if (Array.isArray(earlier)) earlier.push(value);
    else tree[name] = earlier === undefined ? value : [earlier, value];
  }
  return tree;
}

function readValue(content: Node[], depth: number): XmlValue {
  const isText = content.every((node) => typeof entryOf(node)[1] === 'string' || entryOf(node)[0] === '#cdata');
  if (isText) return content.map(readText).join('');
  if (depth === 1) throw malformed('has too many elements within elements');
  return readTree(content, depth - 1);
}

function readText(node: Node): string {
  const [name, content] = entryOf(node);
  if (typeof content === 'string') return restore(content).replace(ENTITY, (_, entity: string) => ENTITIES[entity]!);
  if (name !== '#cdata') throw malformed('has elements within elements');
  return restore(content.map((part) => entryOf(part)[1]).join(''));
}

function restore(text: string): string {
  return text.replaceAll(CARRIAGE_RETURN, '\r');
}

function entryOf(node: Node): [name: string, content: string | Node[]] {
  return Object.entries(node)[0]!;
}

function malformed(reason: string): ProxyError {
  return new ProxyError('malformed_notification', `The XML ${reason}.`);
}
