import { cdata, readXmlTree, XmlError } from './xml-tree.ts';

/**
 * Reads one flat element, such as `<xml><appid>…</appid></xml>`, as WeChat Pay takes it.
 * @throws XmlError for all that `readXmlTree` refuses, and for nesting and a name twice
 */
export function readXml(source: Uint8Array, root = 'xml'): Record<string, string> {
  const fields = readXmlTree(source, root);
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => {
      if (Array.isArray(value)) throw new XmlError(`${name} is there twice`);
      if (typeof value !== 'string') throw new XmlError(`${name} is no flat element`);
      return [name, value];
    }),
  );
}

/** As WeChat Pay writes it: every value in CDATA. Empty values stay, undefined ones are left out. */
export function writeXml(fields: Record<string, string | number | undefined>, root = 'xml'): string {
  const elements = Object.entries(fields).flatMap(([name, value]) =>
    value === undefined ? [] : [`<${name}>${cdata(String(value))}</${name}>`],
  );
  return `<${root}>${elements.join('\n')}</${root}>`;
}
