import { describe, expect, it } from 'vitest'
import { parseXml, XmlLimitError } from '../../../src/spider/document/xml-document.ts'

const deep = '<i1>'.repeat(980)

describe('a page that nobody wrote is an error', () => {
  it.each([
    ['nested elements', '<a>'.repeat(2_000), 'more than 1000 deep'],
    ['elements', `<a>${'<b/>'.repeat(500_001)}`, 'more than 500000 nodes'],
    ['end tags that nobody opened', deep + '</y>'.repeat(100_000), 'too much open'],
  ])('%s', (_name, xml, words) => {
    for (const isXhtml of [false, true]) {
      expect(() => parseXml(xml, isXhtml)).toThrow(XmlLimitError)
      expect(() => parseXml(xml, isXhtml)).toThrow(words)
    }
  })

  it('pictures that close themselves, in XHTML', () => {
    expect(() => parseXml(`<a>${'<svg/>'.repeat(100_000)}`, true)).toThrow('too much open')
  })
})

it('a page that a program made is no such page', () => {
  const rows = '<row><cell r="1">x</cell><cell r="2"><![CDATA[y]]></cell><cell r="3"/></row>'.repeat(20_000)
  expect(parseXml(`<?xml version="1.0"?><a><b><c><d>${rows}</d></c></b></a>`, false).children).toHaveLength(2)
  expect(() => parseXml(`<div>${'<svg><path d="M0"/></svg><svg/>'.repeat(10_000)}</div>`, true)).not.toThrow()
  expect(() => parseXml(`<p>${'<br></p>'.repeat(10_000)}`, true)).not.toThrow()
})
