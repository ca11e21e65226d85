import { describe, expect, it } from 'vitest';
import { rangeOf } from './ranges.js';
import { elementsOf, escapeXml, textOf, xmlDocument } from './xml.js';

describe('XML of answers', () => {
  it('repeats arrays, leaves out what is undefined and escapes text', () => {
    const document = xmlDocument('Result', { Key: [{ Name: '<a & b>' }, { Name: 'c' }], Token: undefined, Count: 2 });
    expect(document).toContain('<Key><Name>&lt;a &amp; b&gt;</Name></Key><Key><Name>c</Name></Key><Count>2</Count>');
    expect(document).not.toContain('Token');
  });

  it('writes control characters as references, which a parser does not change', () => {
    expect(escapeXml('a\r\nb\u0001')).toBe('a&#xd;&#xa;b&#x1;');
  });

  it('reads back what it wrote', () => {
    const text = 'a\r"<&>\' 🎡';
    expect(textOf(xmlDocument('Delete', { Key: text }), 'Key')).toBe(text);
  });
});

describe('XML of requests', () => {
  it('is read with and without a namespace prefix', () => {
    expect(elementsOf('<D><s3:Key>1</s3:Key><Key a="b">2</Key><Keys>3</Keys></D>', 'Key')).toEqual(['1', '2']);
  });

  it('leaves references alone that stand for no character', () => {
    expect(textOf('<Key>&#x110000; &unknown; &#65;</Key>', 'Key')).toBe('&#x110000; &unknown; A');
  });
});

describe('ranges', () => {
  it.each([
    [undefined, undefined],
    ['bytes=0-', { start: 0, end: 10 }],
    ['bytes=2-4', { start: 2, end: 5 }],
    ['bytes=-4', { start: 6, end: 10 }],
    ['bytes=-40', { start: 0, end: 10 }],
    ['bytes=5-2', undefined],
    ['bytes=-', undefined],
    ['bytes=0-1,4-5', undefined],
    ['lines=0-1', undefined],
  ])('%s of ten bytes', (header, expected) => expect(rangeOf(header, 10)).toEqual(expected));

  it('that no byte is in are refused', () => {
    for (const header of ['bytes=10-', 'bytes=99-100', 'bytes=-0']) expect(() => rangeOf(header, 10)).toThrow();
  });
});
