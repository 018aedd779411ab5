/** WeChat's XML, and what is not: https://pay.weixin.qq.com/doc/v2/merchant/4011936530 */
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { legalText, parseXml, parseXmlTree, writeXml, type XmlFields, type XmlValue } from '../../proxy/wechat/xml.ts';

const require = createRequire(import.meta.url);
// Their own types do not resolve under NodeNext. `tenpay` reads XML by xml2js, a strict parser.
const { Transformer } = require('wechatpay-axios-plugin');
const xml2js = createRequire(require.resolve('tenpay'))('xml2js');
const tenpayUtil = require('tenpay/lib/util.js');

/** `_` alone means something to xml2js. */
const name = fc
  .stringMatching(/^[A-Za-z_][A-Za-z0-9_]{0,20}$/)
  .filter((text) => !(text in Object.prototype) && text !== 'prototype' && text !== '_');
/** Any Unicode that can stand in XML. */
const value = fc
  .oneof(
    fc.string({ unit: 'binary', maxLength: 60 }),
    fc.string({ unit: fc.constantFrom(']', '>', '<', '!', '[', 'CDATA', '&', 'amp;', '\r', '\n', ' '), maxLength: 40 }),
  )
  .map(legalText);
const fields = fc.dictionary(name, value, { maxKeys: 12 });

function plain(read: XmlFields): object {
  return { ...read };
}

/** What a strict parser of other people's makes of it; throws where that refuses. */
function byXml2js(text: string): Record<string, unknown> {
  let result: Record<string, unknown> = {};
  const options = { explicitArray: false, async: false, charkey: '#text', attrkey: '#attributes' };
  xml2js.parseString(text, options, (error: Error | null, parsed: typeof result) => {
    if (error) throw error;
    result = parsed;
  });
  return result;
}

describe('reading', () => {
  const accepted: Record<string, [string, object]> = {
    'no fields': ['<xml></xml>', {}],
    'an empty root': ['<xml/>', {}],
    'an answer of WeChat’s': [
      '<xml><return_code><![CDATA[SUCCESS]]></return_code>\n<return_msg><![CDATA[OK]]></return_msg>\n</xml>',
      { return_code: 'SUCCESS', return_msg: 'OK' },
    ],
    'values without CDATA': ['<xml><total_fee>1</total_fee><a>x</a></xml>', { total_fee: '1', a: 'x' }],
    'numbers as they were': [
      '<xml><a>007</a><b>1e3</b><c>90071992547409931</c><d>1.10</d><e>+1</e><f>0x1F</f></xml>',
      { a: '007', b: '1e3', c: '90071992547409931', d: '1.10', e: '+1', f: '0x1F' },
    ],
    'words that mean something elsewhere': ['<xml><a>true</a><b>null</b></xml>', { a: 'true', b: 'null' }],
    'empty elements of each kind': ['<xml><a/><b /><c></c><d><![CDATA[]]></d></xml>', { a: '', b: '', c: '', d: '' }],
    'space within values': ['<xml><a> x\t</a><b><![CDATA[ \n ]]></b><c> </c></xml>', { a: ' x\t', b: ' \n ', c: ' ' }],
    'carriage returns': ['<xml>\r\n<a>1\r2</a>\r\n<b><![CDATA[x\r\ny]]></b>\r</xml>\r\n', { a: '1\r2', b: 'x\r\ny' }],
    'the five entities': ['<xml><a>&amp;&lt;&gt;&quot;&apos;</a></xml>', { a: '&<>"\'' }],
    'entities, undone once': ['<xml><a>&amp;lt;&amp;#65;</a></xml>', { a: '&lt;&#65;' }],
    'entities in CDATA, kept': ['<xml><a><![CDATA[&lt;&x;&#65;]]></a></xml>', { a: '&lt;&x;&#65;' }],
    'markup in CDATA, kept': [
      '<xml><a><![CDATA[<b c="d"><!DOCTYPE x><?y?><!--z--></a>]]></a></xml>',
      { a: '<b c="d"><!DOCTYPE x><?y?><!--z--></a>' },
    ],
    'several runs of CDATA and text': ['<xml><a>1<![CDATA[2]]> 3 <![CDATA[4]]>&gt;</a></xml>', { a: '12 3 4>' }],
    'the end of CDATA, split': ['<xml><a><![CDATA[x]]]]><![CDATA[>y]]></a></xml>', { a: 'x]]>y' }],
    'the beginning of CDATA within CDATA': ['<xml><a><![CDATA[<![CDATA[]]></a></xml>', { a: '<![CDATA[' }],
    'a > within text': ['<xml><a>1>2</a></xml>', { a: '1>2' }],
    'a declaration': ['<?xml version="1.0" encoding="UTF-8"?>\n<xml><a>1</a></xml>', { a: '1' }],
    'a byte order mark': ['\ufeff<xml><a>1</a></xml>', { a: '1' }],
    'Chinese and emoji': ['<xml><a>山茶花</a><b><![CDATA[😀]]></b></xml>', { a: '山茶花', b: '😀' }],
    'names with digits': ['<xml><out_refund_no_0>1</out_refund_no_0></xml>', { out_refund_no_0: '1' }],
    'the root’s name within': ['<xml><xml>1</xml></xml>', { xml: '1' }],
  };
  for (const [kind, [text, expected]] of Object.entries(accepted)) {
    it(`accepts ${kind}`, () => {
      assert.deepEqual(plain(parseXml(text)), expected);
      assert.deepEqual(plain(parseXml(Buffer.from(text))), expected);
    });
  }

  it('accepts the root that is asked for, and no other', () => {
    assert.deepEqual(plain(parseXml('<root><a>1</a></root>', { root: 'root' })), { a: '1' });
    assert.throws(() => parseXml('<root><a>1</a></root>'), { message: 'The XML has another root than xml.' });
  });

  it('gives fields that inherit nothing', () => {
    const read = parseXml('<xml><a>1</a></xml>');
    assert.equal(Object.getPrototypeOf(read), null);
    assert.equal(read.toString, undefined);
  });

  const bomb = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><xml><c>&b;</c></xml>';
  const reserved = ['__proto__', 'constructor', 'prototype', 'toString', 'valueOf', 'hasOwnProperty'];
  const refused: Record<string, Record<string, string | Buffer>> = {
    'has a document type': {
      'a document type': '<!DOCTYPE xml><xml><a>1</a></xml>',
      'one in lower case': '<!doctype xml><xml><a>1</a></xml>',
      'one after a declaration': '<?xml version="1.0"?><!DOCTYPE xml><xml><a>1</a></xml>',
      'an entity from a file': '<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]><xml><a>&f;</a></xml>',
      'an external one': '<!DOCTYPE xml SYSTEM "https://evil.example/x.dtd"><xml><a>1</a></xml>',
      'many laughs': bomb,
      'an entity without a document type': '<xml><!ENTITY a "b"><a>1</a></xml>',
    },
    'has entities but the five': {
      'an unknown entity': '<xml><a>&nbsp;</a></xml>',
      'a character reference': '<xml><a>&#65;</a></xml>',
      'a hexadecimal one': '<xml><a>&#x41;</a></xml>',
      'one that means NUL': '<xml><a>&#0;</a></xml>',
      'a bare &': '<xml><a>a & b</a></xml>',
      'an entity without its end': '<xml><a>&amp</a></xml>',
      'an entity in capitals': '<xml><a>&AMP;</a></xml>',
    },
    'has instructions': {
      'an instruction': '<xml><?php echo 1 ?><a>1</a></xml>',
      'a stylesheet': '<?xml version="1.0"?><?xml-stylesheet href="x"?><xml><a>1</a></xml>',
      'two declarations': '<?xml version="1.0"?><?xml version="1.0"?><xml><a>1</a></xml>',
      'a declaration that is not first': ' <?xml version="1.0"?><xml><a>1</a></xml>',
      'a declaration within': '<xml><a><?xml version="1.0"?></a></xml>',
    },
    'has comments or unknown sections': {
      'a comment': '<xml><a>1</a><!-- x --></xml>',
      'a comment that splits a value': '<xml><total_fee>1<!-- x -->00</total_fee></xml>',
      'an unknown section': '<xml><a><![INCLUDE[x]]></a></xml>',
      'CDATA in lower case': '<xml><a><![cdata[x]]></a></xml>',
    },
    'has tags with attributes or unusual names': {
      'an attribute': '<xml><a b="c">1</a></xml>',
      'an attribute of the root': '<xml xmlns="http://example.com/"><a>1</a></xml>',
      'a prefix': '<xml><x:a>1</x:a></xml>',
      'a name that begins with a digit': '<xml><1a>1</1a></xml>',
      'a Chinese name': '<xml><金额>1</金额></xml>',
      'an empty name': '<xml><>1</></xml>',
      'a bare <': '<xml><a>1<2</a></xml>',
      'space before a name': '<xml>< a>1</a></xml>',
      'a very long name': `<xml><${'a'.repeat(65)}>1</${'a'.repeat(65)}></xml>`,
      'a tag that does not end': '<xml><a>1</a></xml',
      'CDATA within a tag': '<xml><a<![CDATA[x]]>>1</a></xml>',
    },
    'has CDATA that does not end': {
      'CDATA without its end': '<xml><a><![CDATA[1</a></xml>',
      'CDATA that swallows the rest': '<xml><a><![CDATA[1]]></a><b><![CDATA[2</b></xml>',
    },
    'has the end of CDATA that never began': { ']]> in text': '<xml><a>1]]>2</a></xml>' },
    'has an element twice': {
      'an element twice': '<xml><total_fee>1</total_fee><total_fee>100</total_fee></xml>',
      'once empty': '<xml><a/><a>1</a></xml>',
    },
    'has elements within elements': {
      'an element within': '<xml><a><b>1</b></a></xml>',
      'an empty one within': '<xml><a>1<b/></a></xml>',
      'deep nesting': `${'<xml>'.repeat(3_000)}${'</xml>'.repeat(3_000)}`,
    },
    'has a name that is reserved': Object.fromEntries(
      reserved.map((word) => [`an element ${word}`, `<xml><${word}>1</${word}></xml>`]),
    ),
    'has text between elements': {
      // It would take a pattern that begins anew at every space some seconds.
      'a long run of space': `<xml>${' '.repeat(60_000)}x</xml>`,
      'text between elements': '<xml>x<a>1</a></xml>',
      'text alone': '<xml>x</xml>',
      'CDATA between elements': '<xml><![CDATA[ ]]><a>1</a></xml>',
      'an unusual space': '<xml>\u00a0<a>1</a></xml>',
    },
    'is not well-formed': {
      nothing: '',
      'space only': ' \n',
      'no XML at all': 'return_code=SUCCESS',
      JSON: '{"return_code":"SUCCESS"}',
      'an unclosed root': '<xml><a>1</a>',
      'an unclosed element': '<xml><a>1</xml>',
      'mis-nested elements': '<xml><a>1<b></a></b></xml>',
      'another end': '<xml><a>1</b></xml>',
      'an end too many': '<xml><a>1</a></xml></xml>',
      'an end in other case': '<xml><a>1</A></xml>',
      'two roots': '<xml><a>1</a></xml><xml><a>2</a></xml>',
      'text before': 'x<xml><a>1</a></xml>',
      'text after': '<xml><a>1</a></xml>x',
      'two byte order marks': '\ufeff\ufeff<xml><a>1</a></xml>',
      'a start that never comes': '</xml>',
    },
    'has another root than xml': {
      HTML: '<html><body>502 Bad Gateway</body></html>',
      'the root in capitals': '<XML><a>1</a></XML>',
    },
    'has characters that XML does not allow': {
      NUL: '<xml><a>1\u0000</a></xml>',
      'NUL in CDATA': '<xml><a><![CDATA[\u0000]]></a></xml>',
      'a control character': '<xml><a>\u0001</a></xml>',
      'an escape character': '<xml><a>\u001b[2J</a></xml>',
      'a non-character': '<xml><a>\uffff</a></xml>',
      'half a surrogate pair': '<xml><a>\ud83d</a></xml>',
    },
    'is not UTF-8': {
      'GBK bytes': Buffer.from([...Buffer.from('<xml><a>'), 0xbd, 0xf0, ...Buffer.from('</a></xml>')]),
      'a cut character': Buffer.from('<xml><a>山').subarray(0, -1),
      'UTF-16': Buffer.from('\ufeff<xml><a>1</a></xml>', 'utf16le'),
      'a < of two bytes': Buffer.from([0xc0, 0xbc, ...Buffer.from('xml></xml>')]),
    },
    'is too large': { 'a long document': `<xml><a>${'1'.repeat(64 * 1024)}</a></xml>` },
  };
  for (const [reason, documents] of Object.entries(refused)) {
    for (const [kind, document] of Object.entries(documents)) {
      it(`refuses ${kind}: it ${reason}`, () => {
        const error = { code: 'malformed_notification', message: `The XML ${reason}.` };
        assert.throws(() => parseXml(document), error);
      });
    }
  }

  it('reads nothing out of a document that a strict parser refuses or reads otherwise', () => {
    const spoilt = fc.tuple(
      fields,
      fc.nat(),
      fc.nat({ max: 3 }),
      fc.constantFrom(...'<>&;/![]?"= a\r\n', ']]>', '<a>'),
    );
    fc.assert(
      fc.property(spoilt, ([genuine, position, removed, inserted]) => {
        const text = writeXml(genuine);
        const at = position % (text.length + 1);
        const changed = text.slice(0, at) + inserted + text.slice(at + removed);
        let read: XmlFields;
        try {
          read = parseXml(changed);
        } catch (error) {
          assert.equal((error as { code?: string }).code, 'malformed_notification', changed);
          return;
        }
        // xml2js makes '' of an empty root, and drops what is nothing but space.
        const { xml } = byXml2js(changed);
        const judged = typeof xml === 'string' && xml.trim() === '' ? {} : xml!;
        const visible = Object.entries(read).map(([key, text]) => [key, text.trim() ? text : '']);
        const expected = Object.entries(judged).map(([key, text]) => [key, String(text).trim() ? text : '']);
        assert.deepEqual(Object.fromEntries(visible), Object.fromEntries(expected), changed);
      }),
      { numRuns: 1_500 },
    );
  });
});

/** As JSON has it: what is read has no prototype. */
function plainTree(value: XmlValue): unknown {
  if (Array.isArray(value)) return value.map(plainTree);
  if (typeof value === 'string') return value;
  assert.equal(Object.getPrototypeOf(value), null);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plainTree(inner)]));
}

describe('reading messages', () => {
  const nested = (depth: number) => `<xml>${'<a>'.repeat(depth)}1${'</a>'.repeat(depth)}</xml>`;
  const accepted: Record<string, [string, object]> = {
    'what is flat': ['<xml><a>1</a><b><![CDATA[ &lt; ]]></b></xml>', { a: '1', b: ' &lt; ' }],
    'elements within elements': ['<xml><a><b>1</b><c/></a></xml>', { a: { b: '1', c: '' } }],
    'space around elements': ['<xml>\r\n<a>\n\t<b> 1 </b>\n</a>\n</xml>', { a: { b: ' 1 ' } }],
    'elements that come again': ['<xml><a>1</a><b>x</b><a>2</a><a/></xml>', { a: ['1', '2', ''], b: 'x' }],
    'elements within, again': [
      '<xml><l><i><n>1</n></i><i><n>2</n><n>3</n></i></l></xml>',
      { l: { i: [{ n: '1' }, { n: ['2', '3'] }] } },
    ],
    'a text and elements of one name': ['<xml><a>1</a><a><b>2</b></a></xml>', { a: ['1', { b: '2' }] }],
    'nothing in an element': ['<xml><a></a><b> </b></xml>', { a: '', b: ' ' }],
    'no elements at all': ['<xml/>', {}],
    'eight within each other': [nested(8), { a: { a: { a: { a: { a: { a: { a: { a: '1' } } } } } } } }],
  };
  for (const [kind, [text, expected]] of Object.entries(accepted)) {
    it(`accepts ${kind}`, () => {
      assert.deepEqual(plainTree(parseXmlTree(text)), expected);
      assert.deepEqual(plainTree(parseXmlTree(Buffer.from(text))), expected);
    });
  }

  const refused: Record<string, [string, reason: string]> = {
    'nine within each other': [nested(9), 'has too many elements within elements'],
    'ten thousand within each other': [nested(10_000), 'is too large'],
    'thousands within each other': [nested(3_000), 'has elements within elements'],
    'text beside elements': ['<xml><a>1<b/></a></xml>', 'has text between elements'],
    'CDATA beside elements': ['<xml><a><b/><![CDATA[ ]]></a></xml>', 'has text between elements'],
    'a reserved name within': ['<xml><a><__proto__><b>1</b></__proto__></a></xml>', 'has a name that is reserved'],
    'an attribute within': ['<xml><a><b c="d"/></a></xml>', 'has tags with attributes or unusual names'],
    'a document type': ['<!DOCTYPE xml><xml><a><b/></a></xml>', 'has a document type'],
    'another root': ['<html><a/></html>', 'has another root than xml'],
    'mis-nested elements': ['<xml><a><b></a></b></xml>', 'is not well-formed'],
  };
  for (const [kind, [text, reason]] of Object.entries(refused)) {
    it(`refuses ${kind}: it ${reason}`, () => {
      assert.throws(() => parseXmlTree(text), { code: 'malformed_notification', message: `The XML ${reason}.` });
    });
  }

  type Tree = { [name: string]: string | Tree | Tree[] };
  const tree = fc.letrec<{ tree: Tree }>((tie) => ({
    tree: fc.dictionary(
      name,
      fc.oneof(
        { maxDepth: 4, depthSize: 'small' },
        value,
        tie('tree').filter((inner) => Object.keys(inner).length > 0),
        fc.array(
          tie('tree').filter((inner) => Object.keys(inner).length > 0),
          { minLength: 2, maxLength: 3 },
        ),
      ),
      { maxKeys: 4 },
    ),
  })).tree;

  it('undoes writing, whatever stands in it, and sees what a strict parser sees', () => {
    fc.assert(
      fc.property(tree, (given) => {
        const text = writeXml(given);
        const read = plainTree(parseXmlTree(text));
        assert.deepEqual(read, JSON.parse(JSON.stringify(given)));
        // xml2js makes '' of an empty root, and drops what is nothing but space.
        const visible = (inner: unknown): unknown => {
          if (typeof inner === 'string') return inner.trim() && inner;
          if (Array.isArray(inner)) return inner.map(visible);
          return Object.fromEntries(Object.entries(inner as object).map(([key, one]) => [key, visible(one)]));
        };
        assert.deepEqual(visible(read), visible(byXml2js(text).xml || {}));
      }),
      { numRuns: 300 },
    );
  });
});

describe('writing', () => {
  it('puts each value into CDATA, in the order given', () => {
    assert.equal(
      writeXml({ return_code: 'SUCCESS', return_msg: '', a: ']]>' }),
      '<xml><return_code><![CDATA[SUCCESS]]></return_code><return_msg><![CDATA[]]></return_msg>' +
        '<a><![CDATA[]]]]><![CDATA[>]]></a></xml>',
    );
    assert.equal(writeXml({}, 'root'), '<root></root>');
  });

  it('is undone by reading, whatever the values', () => {
    fc.assert(fc.property(fields, (given) => assert.deepEqual(plain(parseXml(writeXml(given))), { ...given })));
  });

  it('is understood by the second implementation, whatever the values', () => {
    fc.assert(
      fc.property(fields, (given) => {
        // It trims, makes line feeds of carriage returns, and '' of a document without fields.
        const seen = (text: string) => text.replaceAll(/\r\n?/g, '\n').trim();
        const expected = Object.fromEntries(Object.entries(given).map(([key, text]) => [key, seen(text)]));
        const read = Transformer.toObject(writeXml(given)) || {};
        const actual = Object.fromEntries(Object.entries(read).map(([key, text]) => [key, seen(String(text))]));
        assert.deepEqual(actual, expected);
      }),
    );
  });

  it('and what others have written is read as they meant it', () => {
    // xml2js writes carriage returns as character references, which WeChat does not.
    const withoutReturns = fc.dictionary(
      name,
      value.map((text) => text.replaceAll('\r', '')),
    );
    fc.assert(
      fc.property(withoutReturns, (given) => {
        assert.deepEqual(plain(parseXml(tenpayUtil.buildXML({ ...given }))), { ...given });
      }),
    );
  });

  it('leaves out of a text what XML does not allow, and nothing else', () => {
    assert.equal(legalText('a\u0000b\u001bc\ud83dd\uffffe\t\r\n山😀<&'), 'abcde\t\r\n山😀<&');
  });
});
