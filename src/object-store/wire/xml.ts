import { S3Error } from './s3-error.ts';

/** An element to be written: text, or elements. */
export type Xml = readonly [name: string, content: string | readonly Xml[]];

const NAMESPACE = 'http://s3.amazonaws.com/doc/2006-03-01/';

/** A document as S3 answers with it. */
export function document(name: string, content: readonly Xml[]): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n<${name} xmlns="${NAMESPACE}">${content.map(write).join('')}</${name}>`;
}

/** An error, which has no namespace. */
export function errorDocument(content: readonly Xml[]): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n${write(['Error', content])}`;
}

function write([name, content]: Xml): string {
  const inside = typeof content === 'string' ? escape(content) : content.map(write).join('');
  return `<${name}>${inside}</${name}>`;
}

/** Characters that XML 1.0 does not have are written as references all the same, as Amazon does. */
function escape(text: string): string {
  // eslint-disable-next-line no-control-regex
  return text.replace(/[&<>"\r\u0000-\u0008\u000b\u000c\u000e-\u001f]/g, (sign) => {
    const name = { '&': 'amp', '<': 'lt', '>': 'gt', '"': 'quot' }[sign];
    return name === undefined ? `&#x${sign.charCodeAt(0).toString(16)};` : `&${name};`;
  });
}

/** An element that was read. */
export interface Element {
  name: string;
  text: string;
  children: Element[];
}

const TOKEN =
  /<\?[^>]*\?>|<(\/?)([A-Za-z_][\w.:-]*)((?:\s+[\w.:-]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(\/?)>|([^<]+)/y;
const DEEPEST = 8;

/**
 * Reads the small documents that S3 clients send: elements and text. No document type, no entities but XML's own five and
 * numbers, so that none can grow.
 *
 * @throws S3Error `MalformedXML`
 */
export function parseXml(text: string): Element {
  const root: Element = { name: '', text: '', children: [] };
  const open = [root];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.length) {
    const [whole, closing, name, , empty, inside] = TOKEN.exec(text) ?? [];
    const [last] = open.slice(-1);
    if (whole === undefined || last === undefined) throw new S3Error('MalformedXML');
    if (inside !== undefined) last.text += unescape(inside);
    else if (name === undefined) continue;
    else if (closing === '/') {
      if (last.name !== local(name) || open.length < 2) throw new S3Error('MalformedXML');
      open.pop();
    } else {
      const element: Element = { name: local(name), text: '', children: [] };
      last.children.push(element);
      if (empty !== '/') open.push(element);
      if (open.length > DEEPEST) throw new S3Error('MalformedXML');
    }
  }
  const [element] = root.children;
  if (open.length !== 1 || element === undefined) throw new S3Error('MalformedXML');
  return element;
}

/** The text of a child; null: there is none. */
export function textOf(element: Element, name: string): string | null {
  return element.children.find((child) => child.name === name)?.text ?? null;
}

function local(name: string): string {
  return name.slice(name.indexOf(':') + 1);
}

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function unescape(text: string): string {
  return text.replace(/&(?:#x([0-9a-fA-F]{1,6})|#(\d{1,7})|(\w+));/g, (_whole, hex, decimal, name) => {
    if (name !== undefined) {
      const sign = ENTITIES[name];
      if (sign === undefined) throw new S3Error('MalformedXML');
      return sign;
    }
    const code = hex === undefined ? Number(decimal) : parseInt(hex, 16);
    if (code > 0x10ffff) throw new S3Error('MalformedXML');
    return String.fromCodePoint(code);
  });
}
