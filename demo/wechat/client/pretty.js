const INDENT = '  ';

/**
 * A body as people read it: JSON and XML indented, a bill left in its lines, anything else as it is.
 *
 * @param {string} body
 * @returns {{text: string, kind: 'json' | 'xml' | 'table' | 'text'}}
 */
export function pretty(body) {
  if (!body) return { text: '', kind: 'text' };
  try {
    return { text: JSON.stringify(JSON.parse(body, exactly), null, INDENT), kind: 'json' };
  } catch {
    // Not JSON.
  }
  if (/^\s*</.test(body)) return { text: prettyXml(body), kind: 'xml' };
  // Every value of a bill is behind a backtick, so that no table program makes a number of it.
  if (/^\uFEFF?[^\n]*,[^\n]*\r?\n`/.test(body)) return { text: body.replace(/^\uFEFF/, ''), kind: 'table' };
  return { text: body, kind: 'text' };
}

/** Ids of messages are longer than a number can be: their digits stay, where the browser can do that. */
function exactly(_name, value, context) {
  return typeof value === 'number' && context && JSON.rawJSON ? JSON.rawJSON(context.source) : value;
}

/** Tags on lines of their own, an element that holds only text on one. Nothing is parsed, so broken XML shows as broken. */
function prettyXml(xml) {
  const parts = xml.match(/<!\[CDATA\[[\s\S]*?\]\]>|<[^>]*>|[^<]+/g) ?? [];
  const lines = [];
  let depth = 0;
  let open = false; // the last line is an opening tag, and text may follow it
  for (const part of parts) {
    if (!part.trim()) continue;
    if (part.startsWith('</')) {
      depth = Math.max(0, depth - 1);
      if (open) lines.push(lines.pop() + part);
      else lines.push(INDENT.repeat(depth) + part);
      open = false;
    } else if (/^<[^!?]/.test(part)) {
      lines.push(INDENT.repeat(depth) + part);
      open = !part.endsWith('/>');
      if (open) depth += 1;
    } else if (open) lines.push(lines.pop() + part.trim());
    else lines.push(INDENT.repeat(depth) + part.trim());
  }
  return lines.join('\n');
}
