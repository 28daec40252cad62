import { describe, expect, expectTypeOf, it } from 'vitest'
import { createPage } from '../../../src/parse-page.ts'
import type { FormOptions, FormRequest, FormValues } from '../../../src/spider/form/form.ts'

const url = 'http://a.test/shop/index.html?page=2'
const pageOf = (body: string) => createPage({ url, body })

/** What the form sends, as names and values. */
function sent(controls: string, values?: FormValues, options?: FormOptions): readonly unknown[] {
  const page = pageOf(`<form method=post>${controls}</form>`)
  const request = page.form('form', values, options)
  if (!('form' in request)) throw new Error('no form')
  return request.form
}

describe('HTML section 4.10.22.4: what a form sends', () => {
  it.each<[controls: string, entries: [string, string][]]>([
    [
      '<input name=a value=1><input name=b>',
      [
        ['a', '1'],
        ['b', ''],
      ],
    ],
    ['<input value=1><input name="" value=2>', []],
    ['<input type=hidden name=a value="1\n2">', [['a', '1\r\n2']]],
    ['<input name=a value="1\n2">', [['a', '12']]],
    [
      '<input type=bogus name=a value=1><input type=PASSWORD name=b value=2>',
      [
        ['a', '1'],
        ['b', '2'],
      ],
    ],
    [
      '<input type=email name=a value=" x@a.test\n"><input type=url name=b value=" u ">',
      [
        ['a', 'x@a.test'],
        ['b', 'u'],
      ],
    ],
    [
      '<input type=number name=a value=1e3><input type=number name=b value=1x>',
      [
        ['a', '1e3'],
        ['b', ''],
      ],
    ],
    [
      '<input type=range name=a><input type=range name=b min=10 max=20><input type=range name=c value=7>',
      [
        ['a', '50'],
        ['b', '15'],
        ['c', '7'],
      ],
    ],
    [
      '<input type=color name=a><input type=color name=b value=#ABCDEF>',
      [
        ['a', '#000000'],
        ['b', '#abcdef'],
      ],
    ],
    [
      '<input type=checkbox name=a checked><input type=checkbox name=b value=1 checked><input type=checkbox name=c>',
      [
        ['a', 'on'],
        ['b', '1'],
      ],
    ],
    [
      '<input type=radio name=a value=1><input type=radio name=a value=2 checked><input type=radio name=b>',
      [['a', '2']],
    ],
    ['<input type=radio name=a value=1 checked><input type=radio name=a value=2 checked>', [['a', '2']]],
    ['<input type=radio name=a checked>', [['a', 'on']]],
    ['<input type=file name=a>', [['a', '']]],
    ['<input type=hidden name=_CHARSET_ value=x>', [['_CHARSET_', 'UTF-8']]],
    [
      '<textarea name=a>\n one\ntwo\r\nthree </textarea><textarea name=b></textarea>',
      [
        ['a', ' one\r\ntwo\r\nthree '],
        ['b', ''],
      ],
    ],
    [
      '<input type=reset name=a value=1><input type=button name=b value=2><button type=button name=c value=3>x</button>',
      [],
    ],
    ['<datalist><input name=a value=1><option value=2></datalist><input name=b list=x>', [['b', '']]],
    ['<template><input name=a value=1></template>', []],
    ['<output name=a>1</output><object name=b></object>', []],
    [
      '<input name=b value=2><input name=a value=1><input name=b value=3>',
      [
        ['b', '2'],
        ['a', '1'],
        ['b', '3'],
      ],
    ],
    [
      '<input name=a value=1 dirname=a.dir><textarea name=b dirname=b.dir dir=RTL></textarea><input type=number name=c dirname=d>',
      [
        ['a', '1'],
        ['a.dir', 'ltr'],
        ['b', ''],
        ['b.dir', 'rtl'],
        ['c', ''],
      ],
    ],
  ])('%s', (controls, entries) => {
    expect(sent(controls)).toEqual(entries)
  })

  it.each<[select: string, values: string[]]>([
    ['<select name=s></select>', []],
    ['<select name=s><option>One  of\n two </option><option>b</option></select>', ['One of two']],
    ['<select name=s><option value=1>a<option value=2 selected>b</select>', ['2']],
    ['<select name=s><option selected value=1><option selected value=2></select>', ['2']],
    ['<select name=s><option disabled value=1><option value=2></select>', ['2']],
    [
      '<select name=s><optgroup disabled><option value=1></optgroup><optgroup><option value=2></optgroup></select>',
      ['2'],
    ],
    ['<select name=s><option value=1><option value=2 selected disabled></select>', []],
    ['<select name=s><option value="">choose</option></select>', ['']],
    ['<select name=s size=3><option value=1></select>', []],
    ['<select name=s multiple><option value=1><option value=2></select>', []],
    [
      '<select name=s multiple><option value=1 selected><option value=2 selected disabled><option value=3 selected></select>',
      ['1', '3'],
    ],
  ])('%s', (select, values) => {
    expect(sent(select)).toEqual(values.map((value) => ['s', value]))
  })

  it.each<[controls: string, names: string[]]>([
    ['<input name=a disabled><select name=b disabled><option>1</select><textarea name=c disabled></textarea>', []],
    [
      '<fieldset disabled><legend><input name=a></legend><div><input name=b></div></fieldset><input name=c>',
      ['a', 'c'],
    ],
    [
      '<fieldset disabled><input name=a><legend><input name=b></legend><legend><input name=c></legend></fieldset>',
      ['b'],
    ],
    ['<fieldset disabled><fieldset><legend><input name=a></legend></fieldset></fieldset>', []],
    ['<fieldset><input name=a></fieldset>', ['a']],
  ])('without what is disabled: %s', (controls, names) => {
    expect(sent(controls).map((entry) => (entry as string[])[0])).toEqual(names)
  })
})

describe('the button', () => {
  const buttons = `<button type=button name=no>x</button><input name=q value=1><input type=submit name=go value=Go>
    <button name=more value=m formaction=/more>More</button><input type=image name=pic><button disabled name=off value=1></button>`

  it.each<[what: string, options: FormOptions, entries: [string, string][]]>([
    [
      'is the first',
      {},
      [
        ['q', '1'],
        ['go', 'Go'],
      ],
    ],
    [
      'is the one that is named',
      { submit: '[name=more]' },
      [
        ['q', '1'],
        ['more', 'm'],
      ],
    ],
    [
      'may be a picture',
      { submit: 'input[type=image]' },
      [
        ['q', '1'],
        ['pic.x', '0'],
        ['pic.y', '0'],
      ],
    ],
    [
      'may be one that a script would enable',
      { submit: '[name=off]' },
      [
        ['q', '1'],
        ['off', '1'],
      ],
    ],
    ['may be none', { submit: false }, [['q', '1']]],
  ])('%s', (_what, options, entries) => {
    expect(sent(buttons, {}, options)).toEqual(entries)
  })

  it('is not one that is disabled, nor one of another form', () => {
    expect(sent('<button disabled name=a value=1></button><button name=b value=2></button>')).toEqual([['b', '2']])
    const page = pageOf('<form id=x><button name=a value=1></form><form id=y><button name=a value=2></form>')
    expect(page.form('#y', {}, { submit: 'button' }).url).toContain('a=2')
    expect(() => page.form('#y', {}, { submit: '#x button' })).toThrow(
      'The form `#y` has no submit button that `submit` finds: http://a.test/',
    )
  })

  it('says where the form goes, and how', () => {
    const page =
      pageOf(`<form action=/a method=get><input name=q value=1><button formaction=b formmethod=post>1</button>
      <button id=up formmethod=POST formenctype=multipart/form-data>2</button></form>`)
    expect(page.form('form')).toEqual({ url: 'http://a.test/shop/b', method: 'POST', form: [['q', '1']] })
    expect(page.form('form', {}, { submit: '#up' })).toEqual({
      url: 'http://a.test/a',
      method: 'POST',
      multipart: [['q', '1']],
    })
    expect(page.form('form', {}, { submit: false })).toEqual({ url: 'http://a.test/a?q=1', method: 'GET' })
  })
})

describe('where a form goes', () => {
  it.each<[form: string, goes: string]>([
    ['<form></form>', 'GET http://a.test/shop/index.html'],
    ['<form action="" method=POST></form>', `POST ${url}`],
    ['<form action=search><input name=q value="a b&amp;ä"></form>', 'GET http://a.test/shop/search?q=a+b%26%C3%A4'],
    ['<form action="/s?x=1#top"><input name=q value=1></form>', 'GET http://a.test/s?q=1'],
    ['<form action="/s?x=1" method=post></form>', 'POST http://a.test/s?x=1'],
    ['<form action="//b.test/s" method=bogus></form>', 'GET http://b.test/s'],
    ['<base href="https://c.test/x/"><form action="s" method=post></form>', 'POST https://c.test/x/s'],
    ['<base href="https://c.test/x/"><form method=post></form>', `POST ${url}`],
  ])('%s goes to %s', (form, goes) => {
    const request = pageOf(form).form('form')
    expect(`${request.method} ${request.url}`).toBe(goes)
  })

  it.each<[form: string, message: string]>([
    ['<form action="javascript:go()">', 'The form `form` goes to `javascript:go()`, which is no http(s) URL'],
    ['<form action="mailto:a@b.test" method=post>', 'goes to `mailto:a@b.test`, which is no http(s) URL'],
    ['<form method=dialog>', 'closes a dialog, and sends nothing'],
    ['<form method=post enctype=text/plain>', 'is sent as text/plain, which doff cannot'],
    ['<div>', '`form` finds nothing'],
  ])('%s is an error', (form, message) => {
    expect(() => pageOf(form).form('form')).toThrow(message)
    expect(() => pageOf(form).form('form')).toThrow(`: ${url}`)
  })

  it('is an error for what is no form', () => {
    expect(() => pageOf('<form><input name=q></form>').form('input')).toThrow(`\`input\` finds no form: ${url}`)
  })
})

describe('the controls of a form', () => {
  const named = (html: string, selector = 'form') => [...new URL(pageOf(html).form(selector).url).searchParams.keys()]

  it.each<[what: string, html: string, names: string[]]>([
    [
      'are also those outside that name it, in the order of the page',
      '<input name=a form=f><form id=f><input name=b></form><p><input name=c form=f>',
      ['a', 'b', 'c'],
    ],
    [
      'are not those inside that name another',
      '<form id=f><input name=a form=g><input name=b form=none></form><form id=g></form>',
      [],
    ],
    ['are not those outside', '<input name=a><form><input name=b></form><input name=c>', ['b']],
    [
      'are those that a table takes out of it',
      '<table><form><tr><td><input name=a></td></tr><tr><td><input type=hidden name=b></form></table><input name=c>',
      ['a', 'b'],
    ],
    [
      'are those that the parser puts before the table',
      '<table><form><input name=a><tr><td><input name=b></table>',
      ['a', 'b'],
    ],
    [
      'are those after an end tag too many',
      '<div><form><input name=a></div><input name=b></form><input name=c>',
      ['a', 'b'],
    ],
    [
      'are those of a form in it, which is none',
      '<form id=f><input name=a><form id=g><input name=b></form><input name=c></form>',
      ['a', 'b'],
    ],
  ])('%s', (_what, html, names) => {
    expect(named(html)).toEqual(names)
  })

  it('are told apart in a row of forms', () => {
    const html =
      '<table><tr><form id=x><td><input name=a></td></form></tr><tr><form id=y><td><input name=b></td></form></tr></table>'
    expect([named(html, '#x'), named(html, '#y')]).toEqual([['a'], ['b']])
  })

  it('are found in a page of many elements, one beside the other', () => {
    const html = `${'<p>'.repeat(500)}<form>${'<input name=a>'.repeat(200_000)}</form>`
    expect(named(html)).toHaveLength(200_000)
  })
})

describe('values given', () => {
  it.each<[what: string, controls: string, values: FormValues, entries: [string, string][]]>([
    [
      'take the place of what is there',
      '<input name=a value=1><input name=q value=2><input name=b value=3>',
      { q: 'tea' },
      [
        ['a', '1'],
        ['q', 'tea'],
        ['b', '3'],
      ],
    ],
    ['may be numbers', '<input name=q>', { q: 5 }, [['q', '5']]],
    [
      'may be several',
      '<input type=checkbox name=a value=1 checked><input name=b><input type=checkbox name=a value=2>',
      { a: ['2', 3] },
      [
        ['a', '2'],
        ['a', '3'],
        ['b', ''],
      ],
    ],
    ['may be none of several', '<input type=checkbox name=a value=1 checked>', { a: [] }, []],
    [
      'take something away with null, and nothing with undefined',
      '<input name=a value=1><input name=b value=2>',
      { a: null, b: undefined },
      [['b', '2']],
    ],
    [
      'check a checkbox',
      '<input type=checkbox name=a value=yes><input type=checkbox name=b checked>',
      { a: true, b: false },
      [['a', 'yes']],
    ],
    [
      'leave a hidden control, which says what an unchecked box means',
      '<input type=hidden name=a value=0><input type=checkbox name=a value=1>',
      { a: true },
      [
        ['a', '0'],
        ['a', '1'],
      ],
    ],
    [
      'leave it alone where the box is not checked',
      '<input type=hidden name=a value=0><input type=checkbox name=a value=1 checked>',
      { a: false },
      [['a', '0']],
    ],
    [
      'choose a radio button',
      '<input type=radio name=a value=1 checked><input type=radio name=a value=2>',
      { a: '2' },
      [['a', '2']],
    ],
    [
      'choose of a list, also what a script would put there',
      '<select name=a><option>1</select>',
      { a: '9' },
      [['a', '9']],
    ],
    ['fill what a script would enable', '<input name=a disabled>', { a: 'x' }, [['a', 'x']]],
    ['have their line ends as the wire has them', '<textarea name=a></textarea>', { a: 'x\ny' }, [['a', 'x\r\ny']]],
    [
      'may be called as no object should',
      '<input name=__proto__ value=1><input name=constructor value=2>',
      {},
      [
        ['__proto__', '1'],
        ['constructor', '2'],
      ],
    ],
  ])('%s', (_what, controls, values, entries) => {
    expect(sent(controls, values)).toEqual(entries)
  })

  it('of a name that the form does not have are an error that says which there are', () => {
    expect(() => sent('<input name=q><input name=lang><input name=q>', { qq: 'tea' })).toThrow(
      `The form \`form\` has no control \`qq\` (it has q, lang; \`add\` sends what is not there): ${url}`,
    )
    expect(() => sent('', { q: 'tea' })).toThrow('it has none')
    expect(() => sent('<input name=q>', { toString: 'x' } as unknown as FormValues)).toThrow('no control `toString`')
  })

  it('may be added to those that the form has', () => {
    expect(sent('<input name=q value=1>', {}, { add: { token: 't', n: [1, 2] } })).toEqual([
      ['q', '1'],
      ['token', 't'],
      ['n', '1'],
      ['n', '2'],
    ])
  })

  it('that check what is no checkbox are an error', () => {
    expect(() => sent('<input name=q>', { q: true })).toThrow('has no checkbox `q` that could be true')
  })
})

describe('a form of files', () => {
  const page = pageOf(
    '<form method=post enctype=multipart/form-data><input name=a value=1><input type=file name=f></form>',
  )
  const file = { content: 'a,b', filename: 'x.csv', type: 'text/csv' }

  it('sends none as an empty one, as browsers do', () => {
    expect(page.form('form')).toMatchObject({
      multipart: [
        ['a', '1'],
        ['f', { content: '', filename: '' }],
      ],
    })
    expect(page.follow(page.form('form')).sending?.body).toContain(
      'name="f"; filename=""\r\nContent-Type: application/octet-stream\r\n\r\n\r\n',
    )
  })

  it('sends those that it is given', () => {
    expect(page.form('form', { f: file })).toMatchObject({
      multipart: [
        ['a', '1'],
        ['f', file],
      ],
    })
  })

  it('must be one to send files', () => {
    expect(() => sent('<input type=file name=f>', { f: file })).toThrow('sends no files, and `f` is one')
  })
})

describe('a form that nobody wrote', () => {
  const many = 60_000
  it.each([
    ['of a disabled fieldset', `<fieldset disabled>${'<input name=a>'.repeat(many)}</fieldset>`],
    ['hidden, of one checkbox', `${'<input type=hidden name=a>'.repeat(many)}<input type=checkbox name=a>`],
  ])('is sent in bounded time: sixty thousand controls, %s', (_what, controls) => {
    const page = pageOf(`<form method=post>${controls}<input type=checkbox name=b></form>`)
    expect(page.form('form', { [controls.includes('checkbox') ? 'a' : 'b']: true })).toMatchObject({ method: 'POST' })
  })

  it('makes no message of its size', () => {
    const messageOf = (body: string) => {
      try {
        pageOf(body).form('form', { q: 1 })
      } catch (error) {
        return error instanceof Error ? error.message : ''
      }
      return ''
    }
    for (const body of [
      `<form>${Array.from({ length: 5_000 }, (_, index) => `<input name=f${index}>`).join('')}</form>`,
      `<form action="mailto:${'x'.repeat(100_000)}"></form>`,
    ])
      expect(messageOf(body)).toMatch(/^The form `form` .{500,1000}: http:\/\/a\.test\/shop\//)
  })
})

it('a form is what follow() takes', () => {
  const page = pageOf(
    '<form action=/s method=post><input type=hidden name=t value=1><input name=q></form><form id=g action=/g></form>',
  )
  const follow = page.follow(page.form('form', { q: 'ä' }), 'results', { data: 1, headers: { 'X-A': 'b' } })
  expect(follow).toMatchObject({
    url: 'http://a.test/s',
    parser: 'results',
    data: 1,
    sending: {
      method: 'POST',
      body: 't=1&q=%C3%A4',
      headers: { 'content-type': 'application/x-www-form-urlencoded', 'x-a': 'b' },
    },
  })
  expect(page.follow(page.form('#g'))).toMatchObject({ url: 'http://a.test/g', sending: undefined })
  expectTypeOf(page.form('form')).toEqualTypeOf<FormRequest>()
})
