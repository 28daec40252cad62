import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { kindOf, type PageKind, saysXml } from '../../../src/spider/document/page-kind.ts'

const latin1 = (text: string) => Buffer.from(text, 'latin1')
const html = '<!doctype html><title>x</title>'
const png = latin1('\x89PNG\r\n\x1a\n\0\0\0\rIHDR')
const utf16be = (text: string) => Buffer.from(text, 'utf16le').swap16()

describe('the kind of a page', () => {
  it.each<[type: string, body: string, kind: PageKind]>([
    ['text/html', '', 'html'],
    ['text/html; charset=utf-8', 'Hello', 'html'],
    ['TEXT/HTML;charset=x', 'Hello', 'html'],
    [' text/html , text/html', 'Hello', 'html'],
    ['application/xhtml+xml', '<html xmlns="http://www.w3.org/1999/xhtml"><body/></html>', 'html'],
    ['application/xml', '<?xml version="1.0"?>\n<!-- x -->\n<!DOCTYPE html PUBLIC "x">\n<html/>', 'html'],
    ['application/xml', '<a/>', 'xml'],
    ['text/xml', '', 'xml'],
    ['application/rss+xml', '<rss/>', 'xml'],
    ['image/svg+xml', '<svg/>', 'xml'],
    ['application/json', '[1]', 'json'],
    ['application/ld+json;charset=utf-8', '{', 'json'],
    ['text/json', 'null', 'json'],
    ['text/plain', 'Hello', 'text'],
    ['text/csv', 'a,b', 'text'],
    ['text/javascript', 'f()', 'text'],
    ['application/x-javascript', 'f()', 'text'],
    ['image/png', '', 'binary'],
    ['video/mp4', '', 'binary'],
    ['font/woff2', '', 'binary'],
    ['application/pdf', '', 'binary'],
  ])('is that of its type: %s with %j is %s', (type, body, kind) => {
    expect(kindOf(type, body)).toBe(kind)
    expect(kindOf(type, Buffer.from(body))).toBe(kind)
  })

  it.each<[name: string, bytes: Buffer]>([
    ['PNG', png],
    ['JPEG', latin1('\xff\xd8\xff\xe0\0\x10JFIF')],
    ['GIF', latin1('GIF89a\x01\0')],
    ['WebP', latin1('RIFF\x24\0\0\0WEBPVP8 ')],
    ['AVIF', latin1('\0\0\0\x1cftypavif')],
    ['PDF', latin1('%PDF-1.7\n%\xe2\xe3')],
    ['ZIP', latin1('PK\x03\x04\x14\0')],
    ['gzip', latin1('\x1f\x8b\x08\0')],
    ['Zstandard', latin1('\x28\xb5\x2f\xfd')],
    ['7z', latin1('7z\xbc\xaf\x27\x1c')],
    ['MP3', latin1('ID3\x04\0\0')],
    ['Ogg', latin1('OggS\0\x02')],
    ['WOFF2', latin1('wOF2\0\x01')],
    ['Word', latin1('\xd0\xcf\x11\xe0\xa1\xb1')],
    ['ELF', latin1('\x7fELF\x02')],
  ])('is binary for %s, whatever its type', (_name, bytes) => {
    const types = [
      '',
      'text/html',
      'text/plain',
      'application/json',
      'application/xml',
      'application/octet-stream',
      'x/y',
    ]
    expect(types.filter((type) => kindOf(type, bytes) !== 'binary')).toEqual([])
  })

  it.each([
    html,
    '\n <!DOCTYPE HTML PUBLIC "x">',
    '<html lang="en">',
    '<!-- a --><!-- b --><html>',
    '<?xml version="1.0"?><html>',
  ])('ours: is html for what begins as a document of it, whatever its type: %s', (body) => {
    const types = ['', 'text/plain', 'application/json', 'application/octet-stream', 'image/png', 'text/css', 'x/y']
    expect(types.filter((type) => kindOf(type, body) !== 'html')).toEqual([])
  })

  it.each<[body: string | Buffer, kind: PageKind]>([
    ['', 'text'],
    ['Hello <b>you</b>', 'text'],
    ['<p>Hello', 'html'],
    ['  <h1>Hello', 'html'],
    ['<article>', 'html'],
    ['<meta name="robots">', 'html'],
    ['<!-- x -->', 'html'],
    ['a < b', 'text'],
    ['< b', 'text'],
    ['<?xml version="1.0"?><a/>', 'xml'],
    ['\ufeff<?xml version="1.0"?><a/>', 'xml'],
    ['<rss version="2.0">', 'xml'],
    ['<feed xmlns="x">', 'xml'],
    ['<urlset>', 'xml'],
    ['<?php echo 1', 'text'],
    ['{"a":1}', 'json'],
    [' { }', 'json'],
    ['[{"a":1}]', 'json'],
    ['["a"]', 'json'],
    ['[1, 2]', 'json'],
    ['[]', 'json'],
    ['[true]', 'json'],
    ['[section]\na=b', 'text'],
    ['[1] Smith 1999', 'text'],
    ['{ margin: 0 }', 'text'],
    ['a,b\n1,2', 'text'],
    ['\0\x01\x02', 'binary'],
    ['BM\x9a\0\0\0', 'binary'],
    [latin1('caf\xe9'), 'text'],
    [latin1('\xcf\xf0\xe8\xe2\xe5\xf2'), 'text'],
    [Buffer.from('\ufeff<p>x', 'utf16le'), 'html'],
    [utf16be('\ufeff<?xml version="1.0"?>'), 'xml'],
    [Buffer.from('{"a":1}', 'utf16le'), 'json'],
    [utf16be('Hello'), 'text'],
  ])('without a type is told by the first bytes: %j is %s', (body, kind) => {
    for (const type of ['', 'application/octet-stream', '*/*', 'unknown/unknown', 'nonsense'])
      expect([type, kindOf(type, body)]).toEqual([type, kind])
  })

  it.each(['<rss version="2.0">', '<?xml version="1.0"?>\n<feed xmlns="x">', '<!-- x --><rdf:RDF>'])(
    'section 7.1: is xml for a feed that is labelled text/html: %s',
    (body) => {
      expect(kindOf('text/html', body)).toBe('xml')
    },
  )

  it('section 7.2: is binary for text/plain with control characters', () => {
    expect(kindOf('text/plain', 'one\0two')).toBe('binary')
    expect(kindOf('text/plain', 'one\ttwo\r\n\f\x1b[1mthree')).toBe('text')
    expect(kindOf('text/plain', Buffer.from('\ufeffone', 'utf16le'))).toBe('text')
    expect(kindOf('text/html', 'one\0two')).toBe('html')
  })

  it('ours: stays html for JSON that is labelled so', () => {
    expect(kindOf('text/html', '{"a":1}')).toBe('html')
  })

  it('ours: is not told by a document type within a text', () => {
    expect(kindOf('text/plain', `Write ${html}`)).toBe('text')
    expect(kindOf('text/plain', '<html5> is a word')).toBe('text')
  })

  it('asks for the rules of XML by its type', () => {
    expect(['application/xhtml+xml', 'text/xml', 'text/html', ''].filter(saysXml)).toEqual([
      'application/xhtml+xml',
      'text/xml',
    ])
  })

  it('takes the same time for any bytes', () => {
    const before = performance.now()
    for (const body of [
      '<!--'.repeat(400),
      '<!-- -->'.repeat(200),
      ' '.repeat(1445),
      '<?xml '.repeat(300),
      '[1,'.repeat(500),
    ])
      kindOf('', body)
    expect(performance.now() - before).toBeLessThan(2_000)
  })

  it('is one of five for any bytes and any type', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.uint8Array({ maxLength: 2_000 })), fc.string(), (body, type) => {
        expect(['html', 'xml', 'json', 'text', 'binary']).toContain(kindOf(type, body))
      }),
    )
  })
})
